"""Under which licence everything is that a release needs, and whether it may be.

What a package declares is taken at its word: the SPDX expression, or what older metadata has.
"""

from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, PackageMetadata, distributions
from pathlib import Path
from typing import NamedTuple

# Permissive ones, and the MPL, whose copyleft ends at each of its files: we change none of them.
ACCEPTED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Zlib",
    }
)
UNKNOWN = "unknown"
# Metadata before SPDX; which of the BSD licences it is, the classifier does not tell.
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


class Licensed(NamedTuple):
    """A package with the licence that it declares, an SPDX expression where it can be one."""

    name: str
    version: str
    licence: str


def licensed_in(site_packages: Path) -> Sequence[Licensed]:
    """Return every package that is installed in a folder, by name."""
    return licensed(distributions(path=[str(site_packages)]))


def licensed(found: Iterable[Distribution]) -> Sequence[Licensed]:
    """Return these packages with their licences, by name."""
    rows = [Licensed(one.name, one.version, licence_of(one.metadata)) for one in found]
    return sorted(rows, key=lambda row: row.name.lower())


def licence_of(metadata: PackageMetadata) -> str:
    """Return the licence that metadata declares, or ``unknown``."""
    declared = metadata["License-Expression"] or metadata["License"]
    if declared and is_accepted(declared):
        return declared
    names = [
        one.rpartition(" :: ")[2]
        for one in metadata.get_all("Classifier") or ()
        if one.startswith("License :: ") and one != "License :: OSI Approved"
    ]
    # Of several it does not say whether all hold or any.
    classified = " AND ".join(_CLASSIFIERS.get(name, name) for name in names)
    return metadata["License-Expression"] or classified or declared or UNKNOWN


def is_accepted(expression: str) -> bool:
    """Return whether an SPDX expression leaves a choice that is accepted.

    One that has parentheses or exceptions is not: somebody has to look at it.
    """
    return any(
        all(term.strip() in ACCEPTED for term in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )


def licence_table(rows: Iterable[Licensed]) -> str:
    """Return the packages as a page."""
    lines = [f"| {row.name} | {row.version} | {' '.join(row.licence.split())} |" for row in rows]
    return "\n".join(
        [
            "# Licences of what vpcmetactl needs",
            "",
            "As the packages declare them.",
            "",
            "| package | version | licence |",
            "| --- | --- | --- |",
            *lines,
            "",
        ]
    )
