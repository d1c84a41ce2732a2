"""The reports of audits, read off the modules that make them."""

from docs._generate.markdown import table
from vpcmetactl.render.formats.reports import github, junit, page, sarif
from vpcmetactl.render.formats.reports.prometheus import METRICS
from vpcmetactl.render.options import Format

_LIMITS = {
    Format.SARIF: f"{sarif.MOST_RESULTS} results",
    Format.JUNIT: f"{junit.MOST_CASES} test cases",
    Format.GITHUB: f"{github.MOST_SHOWN} annotations of each level",
    Format.HTML: f"{page.MOST_ROWS} rows a table",
    Format.PROMETHEUS: "none: it counts",
}
_READERS = {
    Format.SARIF: "code scanners: SARIF 2.1.0",
    Format.JUNIT: "GitLab, Jenkins: JUnit XML",
    Format.GITHUB: "GitHub Actions: annotations of a run",
    Format.HTML: "people: one page that needs nothing else",
    Format.PROMETHEUS: "Prometheus's node exporter: a file of metrics",
}


def formats() -> str:
    """Return a table of the formats that only audits have."""
    rows = [(f"`{one}`", _READERS[one], _LIMITS[one]) for one in Format if one.is_report]
    return table(("format", "read by", "holds at most"), rows)


def metrics() -> str:
    """Return a table of the metrics."""
    rows = [
        (f"`{one.name}`", ", ".join(f"`{label}`" for label in one.labels) or "none", one.meaning)
        for one in METRICS
    ]
    return table(("metric", "labels", "meaning"), rows)
