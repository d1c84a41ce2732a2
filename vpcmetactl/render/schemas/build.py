"""Making the JSON Schemas from the Structs that are encoded.

The envelope's own parts are plain values (``envelope.py`` has no encoder at hand), so their shapes
are declared here; tests hold every document that is rendered against the result.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.render.documents import Status
from vpcmetactl.render.items import (
    access,
    audits,
    contexts,
    diagnoses,
    diffs,
    imports,
    plan_summaries,
    plans,
    runs,
    servers,
    templates,
    trust,
)
from vpcmetactl.render.items.base import Moment, Shape, about

ItemT = TypeVar("ItemT")
SummaryT = TypeVar("SummaryT")


class Unread(Shape, frozen=True):
    """Something that could not be read, so that items may be missing."""

    account_id: Annotated[str | None, about("The account it belongs to.")]
    region: Annotated[str | None, about("The region.")]
    kind: Annotated[
        ServerKind | None,
        about("The kind of server; `null` where it is the whole region, or no server."),
    ]
    content: Annotated[
        Literal["servers", "profiles", "templates", "tags", "terraform", "account"],
        about(
            "What is missing; `terraform` where a plan does not tell everything, `account` where "
            "nothing of an account could be read."
        ),
    ]
    code: Annotated[str, about("The stable code of the error.")]
    message: Annotated[str, about("What went wrong.")]
    trace: Annotated[str | None, about("The API's trace id, for IBM support.")]
    hint: Annotated[str | None, about("What to do next.")]


class Scope(Shape, frozen=True):
    """Where the items come from, and what is missing among them."""

    accounts: Annotated[list[str], about("The accounts that were read.")]
    regions: Annotated[list[str], about("The regions that were asked for.")]
    excluded: Annotated[list[str], about("Regions left out on purpose.")]
    incomplete: Annotated[list[Unread], about("What could not be read.")]
    endpoint: Annotated[str | None, about("The VPC API that was read, `{region}` standing in it.")]
    snapshot: Annotated[
        str | None, about("The snapshot that was read in its place; `null`: the API itself.")
    ]
    taken_at: Annotated[Moment | None, about("When the snapshot was taken, in UTC.")]


class Error(Shape, frozen=True):
    """An error that the command met."""

    code: Annotated[str, about("The stable code of the error.")]
    message: Annotated[str, about("What went wrong, naming its object.")]
    hint: Annotated[str | None, about("What to do next.")]
    region: Annotated[str | None, about("The region, where one is concerned.")]
    http_status: Annotated[int | None, about("The status of the API's answer.")]
    trace: Annotated[str | None, about("The API's trace id, for IBM support.")]


class Envelope(Shape, Generic[ItemT, SummaryT], frozen=True):
    """The document that `--output json` prints."""

    format_version: Annotated[
        Literal[1], about("Rises when a field is taken away or changes its meaning.")
    ]
    kind: Annotated[str, about("What the items are.")]
    generated_at: Annotated[Moment, about("When the document was made, in UTC.")]
    status: Annotated[
        Status,
        about(
            "Whether the items are everything that was asked for: `incomplete` where something "
            "could not be read or the command was interrupted, `error` where it failed."
        ),
    ]
    exit_code: Annotated[int, about("The exit code of the process.")]
    scope: Annotated[Scope, about("Where the items come from, and what is missing.")]
    items: Annotated[list[ItemT], about("The items, sorted and limited as asked.")]
    summary: Annotated[
        SummaryT | None,
        about("Counts over all items, shown or not; `null` where a failure left none."),
    ]
    errors: Annotated[list[Error], about("The errors the command met.")]


_TYPES: Mapping[str, tuple[str, Any]] = {
    "servers": (
        "Servers and their metadata service",
        Envelope[servers.Server, servers.ServersSummary],
    ),
    "restarts": (
        "Servers that need a stop and start, or may",
        Envelope[servers.Server, servers.RestartsSummary],
    ),
    "import": ("What came of importing events", Envelope[imports.Import, imports.Import]),
    "findings": ("Findings of an audit", Envelope[audits.Finding, audits.FindingsSummary]),
    "checks": ("The built-in checks", Envelope[audits.Check, audits.ChecksSummary]),
    "contexts": (
        "Contexts of the configuration file",
        Envelope[contexts.Context, contexts.ContextsSummary],
    ),
    "diff": (
        "What differs between two snapshots",
        Envelope[diffs.Difference, diffs.DiffCounts],
    ),
    "templates": (
        "Instance templates and what they will make",
        Envelope[templates.Template, templates.TemplatesSummary],
    ),
    "plan": ("What would be changed", Envelope[plans.PlannedItem, plan_summaries.PlanSummary]),
    "outcomes": (
        "What was changed",
        Envelope[plans.OutcomeItem, plan_summaries.OutcomesSummary],
    ),
    "profiles": ("Trusted profiles", Envelope[trust.Profile, trust.ProfilesSummary]),
    "profile": (
        "A trusted profile in full",
        Envelope[trust.Profile, trust.ProfilesSummary],
    ),
    "links": (
        "Links of trusted profiles, and whether their servers are seen",
        Envelope[trust.SeenLink, trust.LinksSummary],
    ),
    "access": (
        "Which servers can become which trusted profile",
        Envelope[access.Access, access.AccessSummary],
    ),
    "doctor": (
        "What stands between a user and the cloud",
        Envelope[diagnoses.Sight, diagnoses.DiagnosisSummary],
    ),
    "runs": ("Runs of commands that change servers", Envelope[runs.Run, runs.RunsSummary]),
    "run": (
        "A run with every server: an audit record",
        Envelope[runs.RunInFull, runs.RunsSummary],
    ),
}


def built_schemas() -> Mapping[str, Mapping[str, Any]]:
    """Return the schema of every kind of document."""
    return {kind: _schema(kind, title, type_) for kind, (title, type_) in _TYPES.items()}


def schema_text(schema: Mapping[str, Any]) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(kind: str, title: str, type_: object) -> Mapping[str, Any]:
    (reference,), definitions = msgspec.json.schema_components([type_])
    envelope = definitions.pop(reference["$ref"].rpartition("/")[2])
    envelope["properties"]["kind"]["const"] = kind
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:vpcmetactl:schema:{kind}:1",
        **envelope,
        "title": title,
        "$defs": dict(sorted(definitions.items())),
    }
    return dict(_compact(schema))


def _compact(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Write "a string or null" as one list of types wherever neither says more than its type."""
    if isinstance(node, list):
        return [_compact(part) for part in node]
    if not isinstance(node, dict):
        return node
    branches = node.get("anyOf", ())
    if branches and all(branch.keys() == {"type"} for branch in branches):
        return {
            **{key: value for key, value in node.items() if key != "anyOf"},
            "type": [branch["type"] for branch in branches],
        }
    return {key: _compact(value) for key, value in node.items()}
