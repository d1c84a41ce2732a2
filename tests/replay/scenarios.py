"""What there is a cassette of: a command, and the emulator it is recorded from."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.cassettes import ACCOUNT


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One command against the world of ``tests.support.record``.

    ``faults`` are the emulator's. ``page`` shortens the pages that the emulator gives, so that a
    few servers make several; ``pace`` is how many of its seconds pass before each request, so that
    servers stop and start. ``api_key`` is one that IAM does not know, where the refusal is meant.
    """

    name: str
    command: str
    proves: str
    faults: tuple[str, ...] = ()
    page: int | None = None
    pace: int = 0
    api_key: str | None = None

    @property
    def arguments(self) -> list[str]:
        """The words of the command as it is recorded and replayed."""
        return arguments_of(self.command)


def arguments_of(command: str) -> list[str]:
    """Return the words of a command. One worker: vcrpy lets requests of others escape."""
    return [*command.split(), "--max-workers", "1", "-o", "json"]


WEB_1 = "0717_3d865bbf-c931-46d0-82b7-2336e247ddfa"
WEB_1_CRN = f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::instance:{WEB_1}"
GONE = "0717_00000000-0000-4000-8000-000000000000"

ALL_REGIONS = Scenario(
    name="servers-list-all-regions",
    command="servers list",
    proves="the regions are asked for, then both kinds of server in each of them",
)
PAGES = Scenario(
    name="servers-list-pages",
    command="servers list -r us-south --kind instance --sort name --limit 3",
    proves="`next.href` is followed, with version and generation put back, to the last page",
    page=2,
)
FILTERS = Scenario(
    name="servers-list-filters",
    command="servers list -r us-south --vpc prod --name web-1",
    proves="what the API can filter on is sent to it",
)
BY_TAG = Scenario(
    name="servers-list-by-tag",
    command="servers list --tag env:prod --tag team:shop -r us-south",
    proves="one query asks Global Search for all tags, its cursor is followed to the empty page, "
    "and what it found is held against the listing",
)
BY_GROUP = Scenario(
    name="servers-list-by-instance-group",
    command="servers list -r us-south --instance-group r006-00000000-0000-4000-8000-000000000000",
    proves="the id of an instance group is sent to the API, which is asked for instances only",
)
SHOW_BY_NAME = Scenario(
    name="servers-show-name",
    command="servers show web-1 -r us-south",
    proves="a name is looked up with a filter, in both kinds, without reading whole lists",
)
SHOW_BY_CRN = Scenario(
    name="servers-show-crn",
    command=f"servers show {WEB_1_CRN}",
    proves="a CRN needs one GET: it tells region and kind",
)
SHOW_GONE = Scenario(
    name="servers-show-not-found",
    command=f"servers show {GONE} -r us-south",
    proves="a 404 of each kind makes one error",
)
AUDIT = Scenario(
    name="audit-run",
    command="audit run -r us-south",
    proves="findings end with 3, and servers that a check is not meant for are counted apart",
)
DRY_RUN = Scenario(
    name="metadata-enable-dry-run",
    command="metadata enable web-1 -r us-south --protocol https --response-hop-limit 2 --dry-run",
    proves="a plan shows before and after of each field, and sends nothing but reads: of the "
    "server, and of the boot volume that may forbid it",
)
ENABLE = Scenario(
    name="metadata-enable",
    command="metadata enable web-1 -r us-south --protocol https --yes",
    proves="a change is read, compared, patched on condition of its ETag, and read back",
)
DISABLE = Scenario(
    name="metadata-disable",
    command="metadata disable web-2 -r us-south --yes",
    proves="the patch holds `enabled` alone, so protocol and hop limit stay",
)
SET_BARE_METAL = Scenario(
    name="metadata-set-bare-metal",
    command="metadata set metal-1 -r us-south --kind bare-metal --protocol http --yes",
    proves="bare metal is patched without an ETag, for the API gives none",
)
ALLOWED_USE = Scenario(
    name="metadata-disable-allowed-use",
    command="metadata disable db-1 -r us-south --yes",
    proves="what the boot volume's `allowed_use` forbids is refused in the plan, and never sent",
)
ALLOWED_USE_UNREADABLE = Scenario(
    name="metadata-disable-volume-forbidden",
    command="metadata disable db-1 -r us-south --yes",
    proves="a boot volume that cannot be read is a note and stops nothing; the API's own refusal "
    "by `allowed_use` is reported, and the change is not repeated",
    faults=("get_volume:403",),
)
TRUSTED = Scenario(
    name="metadata-disable-trusted",
    command="metadata disable web-eu-1 -r eu-de --yes",
    proves="the profiles are read with their links, rules and identities, and a server that one of "
    "them trusts is refused",
)
PROFILE = Scenario(
    name="profiles-show",
    command="profiles show backup-writer",
    proves="a profile is found among all by its name, and told with its links, rules and "
    "identities, a request for each",
)
ACCESS = Scenario(
    name="access-list",
    command="access list -r eu-de",
    proves="links are held against the servers that were read, and no server is asked by itself",
)
LINK = Scenario(
    name="links-create",
    command="links create web-1 --profile backup-writer -r us-south --yes",
    proves="the account's limits are read before anything is sent, and a link is one POST",
)
UNLINK = Scenario(
    name="links-delete",
    command="links delete web-eu-1 --profile backup-writer -r eu-de --yes",
    proves="a link is deleted by its id",
)
RESTART = Scenario(
    name="restarts-run",
    command="restarts run web-2 -r us-south --verdict unknown --yes",
    proves="a restart is a stop and a start; the server is polled until it is as it should be, "
    "and the actions are not",
    pace=2,
)
FORBIDDEN = Scenario(
    name="servers-list-forbidden-region",
    command="servers list -r us-south -r eu-de --kind instance",
    proves="a region that answers 403 is named, the rest is listed, and the exit code is 4",
    faults=("list_instances@eu-de:403",),
)
RATE_LIMITED = Scenario(
    name="servers-list-rate-limited",
    command="servers list -r us-south --kind bare-metal",
    proves="a 429 is obeyed: the same request again after `Retry-After`",
    faults=("list_bare_metal_servers:429-retry-after=3:1",),
)
EXPIRED = Scenario(
    name="servers-list-token-expired",
    command="servers list -r us-south --kind bare-metal",
    proves="a 401 brings one new token and the same request again",
    faults=("list_bare_metal_servers:expired:1",),
)
KEY_REFUSED = Scenario(
    name="servers-list-key-refused",
    command="servers list -r us-south",
    proves="IAM's own envelope is understood, and no VPC call follows a refused key",
    api_key="no-such-key",
)


def scenarios() -> Iterator[Scenario]:
    """Yield every scenario of this module, in its order."""
    yield from (value for value in globals().values() if isinstance(value, Scenario))


def table() -> str:
    """Return the table of cassettes/README.md."""
    rows = [
        f"| [`{s.name}`](emulated/{s.name}.yaml) | `{s.command}`{_conditions(s)} | {s.proves} |"
        for s in scenarios()
    ]
    return "\n".join(["| cassette | command | proves that |", "|---|---|---|", *rows])


def _conditions(scenario: Scenario) -> str:
    words = [f"fault `{fault}`" for fault in scenario.faults]
    words += [f"pages of {scenario.page}"] if scenario.page else []
    words += [f"{scenario.pace} seconds between requests"] if scenario.pace else []
    words += ["an unknown API key"] if scenario.api_key else []
    return f" with {', '.join(words)}" if words else ""
