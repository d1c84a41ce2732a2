"""Opening a file of Terraform's, and decoding parts of it with errors that say where they are."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import Raw, UnsetType

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.files.storage import read_bytes
from vpcmetactl.files.terraform.shapes import Document

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"
_STATE_VERSION = 4
_MAJORS = (0, 1)
_HINT = (
    "write a plan with: terraform show -json plan.bin > plan.json; a state with: "
    "terraform state pull > terraform.tfstate"
)
_FOREIGN = {
    b"PK\x03\x04": "it is a plan as terraform plan -out writes it, or another archive",
    b"\x1f\x8b": "it is gzipped: unpack it first",
    b"\xff\xfe": "it is UTF-16 text, as an older PowerShell writes it, and JSON is UTF-8",
    b"\xfe\xff": "it is UTF-16 text, and JSON is UTF-8",
}
# What terraform plan -json prints while it runs: no plan, but lines about it.
_EVENTS = re.compile(rb'\s*\{\s*"@(level|message|module)"')
_PLACED = re.compile(r"(?P<what>.*?) - at `\$(?P<path>.*)`", re.DOTALL)
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was opened; ``name`` is what the user calls it."""

    name: str
    content: bytes
    document: Document

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the whole."""
        return frozenset(_decode(self.content, dict[str, Raw], self.name, "$"))

    def decode(self, raw: Raw | UnsetType, kind: type[T], place: str) -> T | None:
        """Decode a part at a place, a JSON path; ``None`` for one that is absent or null.

        Raises InvalidInputError naming file and path for one that is not as it should be.
        """
        if isinstance(raw, UnsetType):
            return None
        optional: Any = kind | None
        found: T | None = _decode(raw, optional, self.name, place)
        return found

    def reject(self, place: str, why: str, hint: str = _HINT) -> NoReturn:
        """Raise InvalidInputError about a place."""
        _reject(self.name, f"{place}: {why}", hint)


def open_source(path: Path) -> Source:
    """Open a plan or a state.

    Raises InvalidInputError for a file that cannot be read, is neither, or is of a version that is
    not known.
    """
    name = str(path)
    content = read_bytes(path).removeprefix(_BOM)
    for magic, why in _FOREIGN.items():
        if content.startswith(magic):
            _reject(name, why)
    if _EVENTS.match(content):
        _reject(name, "these are the messages of terraform plan -json, which are no plan")
    document = _decode(content, Document, name, "$")
    _check_version(name, document)
    return Source(name, content, document)


def _check_version(name: str, document: Document) -> None:
    version = document.format_version
    if not isinstance(document.encrypted_data, UnsetType):
        _reject(name, "the state is encrypted", "read it with: tofu show -json > state.json")
    if version is not None:
        major = re.fullmatch(r"(\d{1,9})\.\d{1,9}", version) if isinstance(version, str) else None
        if major is None or int(major[1]) not in _MAJORS:
            _reject(
                name,
                f"$.format_version: {_shown(version)} is not known, only 0 and 1 are",
                "use a newer vpcmetactl, or another Terraform",
            )
        return
    if document.version is None or isinstance(document.resources, UnsetType):
        _reject(name, "it is neither a plan nor a state of Terraform")
    if document.version != _STATE_VERSION or isinstance(document.version, bool):
        _reject(
            name,
            f"$.version: {_shown(document.version)} is not known, only {_STATE_VERSION} is",
            "read it with: terraform show -json > state.json",
        )


def _decode(raw: bytes | Raw, kind: type[T], name: str, place: str) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        placed = _PLACED.fullmatch(str(error))
        what, where = (placed["what"], placed["path"]) if placed else (str(error), "")
        _reject(name, f"{place}{where}: {what}")
    except (msgspec.DecodeError, UnicodeError) as error:
        _reject(name, f"it is no JSON: {error}" if place == "$" else f"{place}: {error}")
    except RecursionError:
        _reject(name, f"{place}: it is nested too deep")


def _reject(name: str, why: str, hint: str = _HINT) -> NoReturn:
    short = why if len(why) <= _LONGEST else f"{why[:_LONGEST]}…"
    raise InvalidInputError(f"{name}: {short}", hint=hint) from None


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever the file has
    text = repr(value)
    return text if len(text) <= _LONGEST // 3 else f"{text[: _LONGEST // 3]}…"
