"""What the VPC API says when it is only read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

from tests.live.assumption import Finding, UntestedError, fails, holds, judged
from tests.live.wire import Answer, Wire
from vpcmetactl.domain.identifiers import BUILT_IN_REGIONS, region_of_zone

HOME = "us-south"
# A server that is in no account: zeros, in the form of an id.
NO_SERVER = "0717_00000000-0000-4000-8000-000000000000"
# Templates are looked for where instances are, and in a few regions more.
_REGIONS_FOR_TEMPLATES = 4
# What an audit judges, and what tells who trusts a server.
_COMPARED = (
    "id",
    "crn",
    "name",
    "metadata_service",
    "vpc",
    "zone",
    "resource_group",
    "profile",
    "vcpu",
    "disks",
    "network_interfaces",
    "boot_volume_attachment",
    "instance_group_membership",
)


@dataclass
class Visit:
    """One account, and what has been read of it so far; ``only`` narrows the regions."""

    wire: Wire
    only: Sequence[str] = ()
    kept: dict[str, Answer] = field(default_factory=dict)
    _regions: list[str] = field(default_factory=list)

    @property
    def account_id(self) -> str:
        """The account; raises UntestedError where the token does not tell."""
        if self.wire.caller.account_id is None:
            raise UntestedError("the token does not tell its account")
        return self.wire.caller.account_id

    @property
    def regions(self) -> list[str]:
        """The regions to look in: those that were named, or those that the API names."""
        if not self._regions:
            self._regions = list(self.only) or self.region_names(HOME)
        return self._regions

    def region_names(self, region: str) -> list[str]:
        """Return the regions that a region names."""
        items = self.page("regions", region).items("regions")
        return [str(item.get("name")) for item in items]

    def page(self, collection: str, region: str) -> Answer:
        """Return the first page of a collection, of one item where it has pages; asked once."""
        limit: dict[str, Any] = {"limit": 1} if collection in ("instances", "vpcs") else {}
        path = "/instance/templates" if collection == "templates" else f"/{collection}"
        return self.once(f"{region}{path}", lambda: self.wire.vpc(region, path, **limit))

    def once(self, key: str, ask: Callable[[], Answer]) -> Answer:
        """Ask, unless it was asked before; several checks look at the same answer."""
        if key not in self.kept:
            self.kept[key] = ask()
        return self.kept[key]

    def find(self, collection: str, regions: Sequence[str]) -> tuple[str, Answer]:
        """Return the first of these regions whose collection is not empty, and its first page."""
        for region in regions:
            page = self.page(collection, region)
            if page.items(collection):
                return region, page
        raise UntestedError(f"there are no {collection.replace('_', ' ')} in the regions read")

    def instance(self) -> tuple[str, dict[str, Any]]:
        """Return a region and an instance in it, as a list tells it."""
        region, page = self.find("instances", self.regions)
        return region, page.items("instances")[0]

    def read_instance(self) -> Answer:
        """Return the answer about one instance."""
        region, listed = self.instance()
        path = f"/instances/{listed['id']}"
        answer = self.once(f"{region}{path}", lambda: self.wire.vpc(region, path))
        return answer.expect(200, "an instance that is listed")


def next_page(visit: Visit) -> Finding:
    """A01: ``next.href`` names ``start``, and leads on."""
    region, page = _with_next(visit)
    query = parse_qs(urlsplit(_href(page)).query)
    names = ", ".join(sorted(query)) or "nothing"
    if "start" not in query:
        return fails(f"next.href holds {names}")
    following = visit.wire.vpc(region, "/instances", limit=1, start=query["start"][0])
    ids = [item.get("id") for item in following.items("instances")]
    is_new = bool(ids) and ids[0] != page.items("instances")[0].get("id")
    return judged(is_new, f"next.href holds {names}; page 2 has {len(ids)} of 1")


def _with_next(visit: Visit) -> tuple[str, Answer]:
    for region in visit.regions:
        page = visit.page("instances", region)
        if page.items("instances") and page.document.get("next") is not None:
            return region, page
    raise UntestedError("no region read has two instances")


def _href(page: Answer) -> str:
    following = page.document.get("next")
    found = following.get("href") if isinstance(following, dict) else following
    return found if isinstance(found, str) else ""


def limit_of_100(visit: Visit) -> Finding:
    """A02: a list takes a limit of 100."""
    answer = visit.wire.vpc(visit.regions[0], "/instances", limit=100)
    told = answer.document.get("limit")
    return judged(answer.status == 200 and told == 100, f"{answer.status}, limit {told}")


def whole_templates(visit: Visit) -> Finding:
    """A03: the templates come on one page."""
    likely = dict.fromkeys([visit.instance()[0], *visit.regions])
    _, page = visit.find("templates", list(likely)[:_REGIONS_FOR_TEMPLATES])
    count, total = len(page.items("templates")), page.document.get("total_count")
    has_next = page.document.get("next") is not None
    told = f"{count} templates, total_count {total}, {'a' if has_next else 'no'} next"
    return judged(not has_next and total in (None, count), told)


def etag(visit: Visit) -> Finding:
    """A04: an instance has an ETag."""
    found = visit.read_instance().headers.get("etag")
    form = "weak" if (found or "").startswith("W/") else "strong"
    return judged(bool(found), f"{form} ETag" if found else "no ETag")


def list_tells_all(visit: Visit) -> Finding:
    """A05: a list tells what reading one by its id tells."""
    _, listed = visit.instance()
    read = visit.read_instance().document
    differing = [name for name in _COMPARED if listed.get(name) != read.get(name)]
    if differing:
        return fails(f"they differ in {', '.join(differing)}")
    return holds(f"the same in {sum(name in read for name in _COMPARED)} properties")


def regions_from_anywhere(visit: Visit) -> Finding:
    """A06: any region tells of all."""
    here = visit.region_names(HOME)
    other = next((name for name in here if name != HOME), None)
    if other is None:
        raise UntestedError("there is one region only")
    there = visit.region_names(other)
    missing = sorted(set(there) ^ set(here))
    told = f"{HOME} names {len(here)}, {other} names {len(there)}"
    return judged(not missing, told + (f", differing in {', '.join(missing)}" if missing else ""))


def regions_built_in(visit: Visit) -> Finding:
    """A07: the built-in regions are all."""
    named = set(visit.region_names(HOME))
    new, gone = sorted(named - set(BUILT_IN_REGIONS)), sorted(set(BUILT_IN_REGIONS) - named)
    if not new and not gone:
        return holds(f"the same {len(named)}")
    return fails(f"new: {', '.join(new) or 'none'}; no longer there: {', '.join(gone) or 'none'}")


def crn_location(visit: Visit) -> Finding:
    """A08: a CRN's location is the zone, and the zone lies in the region that was asked."""
    region, found = visit.instance()
    parts = str(found.get("crn")).split(":")
    zone = found.get("zone", {}).get("name")
    location = parts[5] if len(parts) > 5 else "missing"
    is_so = location == zone and region_of_zone(location) == region
    return judged(is_so, f"location {'is' if location == zone else 'is not'} the zone, in {region}")


def not_there(visit: Visit) -> Finding:
    """A09: a server that is not there is a 404."""
    return _missing(visit.wire.vpc(visit.regions[0], f"/instances/{NO_SERVER}"))


def in_another_region(visit: Visit) -> Finding:
    """A10: a server of another region is a 404."""
    region, found = visit.instance()
    other = next((name for name in (*visit.regions, HOME) if name != region), None)
    if other is None:
        raise UntestedError("one region only is read")
    return _missing(visit.wire.vpc(other, f"/instances/{found['id']}"))


def _missing(answer: Answer) -> Finding:
    return judged(answer.status == 404, f"{answer.status} {answer.code}")


def initialization(visit: Visit) -> Finding:
    """A11: who reads an instance reads its initialization."""
    visit.read_instance()
    region, found = visit.instance()
    answer = visit.wire.vpc(region, f"/instances/{found['id']}/initialization")
    return _allowed(answer)


def vpcs(visit: Visit) -> Finding:
    """A12: who lists instances lists VPCs."""
    region = visit.regions[0]
    visit.page("instances", region).expect(200, "the list of instances")
    return _allowed(visit.page("vpcs", region))


def _allowed(answer: Answer) -> Finding:
    is_allowed = answer.status == 200
    return judged(is_allowed, "200" if is_allowed else f"{answer.status} {answer.code}")


def token_refused(visit: Visit) -> Finding:
    """A13: a token that is not accepted is a 401. This one is signed by nobody, and expired."""
    claims = {"iat": 1_500_000_000, "exp": 1_500_003_600}
    bad = jwt.encode(claims, "signed by nobody, for nobody ever took it", algorithm="HS256")
    answer = visit.wire.vpc(visit.regions[0], "/regions", token=bad)
    return judged(answer.status == 401, f"{answer.status} {answer.code}")


READ_CHECKS: Mapping[str, Callable[[Visit], Finding]] = {
    "A01": next_page,
    "A02": limit_of_100,
    "A03": whole_templates,
    "A04": etag,
    "A05": list_tells_all,
    "A06": regions_from_anywhere,
    "A07": regions_built_in,
    "A08": crn_location,
    "A09": not_there,
    "A10": in_another_region,
    "A11": initialization,
    "A12": vpcs,
    "A13": token_refused,
}
