"""The door to the reports of an audit."""

from collections.abc import Callable, Mapping

from vpcmetactl.render.documents import Document, Write
from vpcmetactl.render.formats.reports import github, junit, page, prometheus, sarif
from vpcmetactl.render.formats.reports.gathering import Report, gather
from vpcmetactl.render.items.audits import Finding
from vpcmetactl.render.options import Format

_REPORTS: Mapping[Format, Callable[[Report], str]] = {
    Format.SARIF: sarif.sarif_text,
    Format.JUNIT: junit.junit_text,
    Format.GITHUB: github.github_text,
    Format.HTML: page.page_text,
    Format.PROMETHEUS: prometheus.prometheus_text,
}


def render_report(format_: Format, document: Document[Finding], write: Write) -> None:
    """Write the report of an audit in one of the formats that only audits have."""
    write(_REPORTS[format_](gather(document)))
