"""The ready-made jobs are what their systems can read, and call the program as it is."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project.test_docs_commands import parsed
from tests.support.pages import fences, text_of
from vpcmetactl.domain.checks import CHECKS
from vpcmetactl.render.formats.reports.prometheus import METRICS
from vpcmetactl.render.options import Format

PAGE = text_of(Path("docs/how-to/ci-audit.md"))
JOBS: list[Any] = [
    yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506 - makes nothing but texts
    for language, block in fences(PAGE)
    if language == "yaml"
]
GITHUB, GITLAB, TEKTON = JOBS


def texts(node: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a document
    """Give every text in a document."""
    if isinstance(node, str):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from texts(part)


def outputs(line: str) -> set[str]:
    context = parsed(line)
    return {word.partition("=")[0] for word in context.params["output"]}


def call(job: Any) -> str:  # noqa: ANN401 - any document
    (line,) = (text for text in texts(job) if text.startswith("vpcmetactl audit run"))
    return line


def test_the_workflow_uploads_what_the_audit_writes() -> None:
    job = GITHUB["jobs"]["audit"]
    assert outputs(call(job)) == {"github", "sarif", "html", "markdown"}
    assert set(GITHUB["on"]) == {"pull_request", "schedule"}
    assert GITHUB["permissions"] == {"contents": "read", "security-events": "write"}
    uploads = {step["uses"].partition("@")[0]: step for step in job["steps"] if "uses" in step}
    assert uploads["github/codeql-action/upload-sarif"]["with"]["sarif_file"] == "audit.sarif"
    assert uploads["actions/upload-artifact"]["with"]["path"] == "audit.html"
    assert all("cancelled()" in step["if"] for step in uploads.values() if "with" in step)


def test_the_gitlab_job_keeps_its_reports_when_it_fails() -> None:
    job = GITLAB["metadata-audit"]
    assert outputs(call(job)) == {"table", "junit", "html"}
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["reports"] == {"junit": "audit.xml"}


def test_the_tekton_task_names_what_it_is_given() -> None:
    spec = TEKTON["spec"]
    (step,) = spec["steps"]
    assert (TEKTON["apiVersion"], TEKTON["kind"]) == ("tekton.dev/v1", "Task")
    named = set(re.findall(r"\$\(params\.([\w-]+)\)", " ".join(texts(step))))
    assert named == {param["name"] for param in spec["params"]}
    # A choice is checked when the line is parsed, so it needs the default's word.
    words = [word.replace("$(params.fail-on)", "high") for word in step["args"]]
    assert outputs(shlex.join([*step["command"], *words])) == {"table", "junit", "html"}


@pytest.mark.parametrize("job", JOBS)
def test_no_job_keeps_a_key_or_needs_a_state(job: object) -> None:
    assert not [text for text in texts(job) if re.search(r"--api-?key[ =]", text)]
    assert "VPCMETACTL_NO_STATE" in str(job)


def test_the_metrics_that_are_named_exist() -> None:
    names = {metric.name for metric in METRICS}
    named = set(re.findall(r"vpcmetactl_audit_\w+", PAGE))
    assert named
    assert named <= names


def test_the_reference_has_every_report_metric_and_severity() -> None:
    page = text_of("docs/reference/reports.md")
    assert [one for one in Format if one.is_report and f"| `{one}` |" not in page] == []
    assert [one.name for one in METRICS if f"| `{one.name}` |" not in page] == []
    severities = {check.severity.value for check in CHECKS}
    assert [word for word in severities if f"| `{word}` |" not in page] == []
