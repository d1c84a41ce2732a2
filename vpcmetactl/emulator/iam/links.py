"""The operations on a profile's links. There is none that changes one."""

from collections.abc import Mapping

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.iam.asking import body_of, profile_of, require_one_of
from vpcmetactl.emulator.iam.envelope import answer, no_content, refuse
from vpcmetactl.emulator.iam.trust import TrustCall
from vpcmetactl.emulator.iam.trust_bodies import link_body
from vpcmetactl.emulator.iam.trusted import LINK_PARTS, Link, TrustedProfile, entity_tag

CR_TYPES = ("VSI", "PVS", "BMS", "IKS_SA", "ROKS_SA", "CE")
"""The kinds of compute resources there are today."""

_PARTS_NEEDED = {
    "IKS_SA": ("namespace", "name"),
    "ROKS_SA": ("namespace", "name"),
    "CE": ("component_type", "component_name"),
}

_CRN_TYPES = {"VSI": "instance", "BMS": "bare-metal-server"}
"""What the CRNs of servers end with, before the id."""

_CRN_PARTS = 10


class LinkTarget(msgspec.Struct, forbid_unknown_fields=True):
    """The compute resource that is to be linked."""

    crn: str
    namespace: str | None = None
    name: str | None = None
    component_type: str | None = None
    component_name: str | None = None


class NewLink(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to create a link."""

    cr_type: str
    link: LinkTarget
    name: str | None = None
    is_cross_account: bool | None = None


def list_links(call: TrustCall) -> Response:
    """GET /v1/profiles/{id}/links: all of them, for the operation is not paged."""
    with call.state.lock:
        links = [link_body(link) for link in profile_of(call).links.values()]
    return answer(call, {"links": links})


def get_link(call: TrustCall) -> Response:
    """GET /v1/profiles/{id}/links/{id}."""
    with call.state.lock:
        return _shown(call, _link_of(call, profile_of(call)))


def create_link(call: TrustCall) -> Response:
    """POST /v1/profiles/{id}/links: one for each compute resource."""
    sent = body_of(call, NewLink)
    target = _given(msgspec.structs.asdict(sent.link))
    require_one_of("cr_type", sent.cr_type, CR_TYPES)
    _require_parts(sent.cr_type, target)
    with call.state.lock:
        profile = profile_of(call)
        _require_crn(sent, profile)
        if profile.find_link(sent.cr_type, target) is not None:
            raise refuse(409, "The profile has a link to this compute resource already.")
        _require_room(call, profile)
        link = call.state.add_link(
            profile,
            sent.cr_type,
            target,
            name=sent.name,
            is_cross_account=sent.is_cross_account,
        )
    return _shown(call, link, 201)


def delete_link(call: TrustCall) -> Response:
    """DELETE /v1/profiles/{id}/links/{id}."""
    with call.state.lock:
        profile = profile_of(call)
        del profile.links[_link_of(call, profile).id]
    return no_content(call)


def delete_link_by_parameters(call: TrustCall) -> Response:
    """DELETE /v1/profiles/{id}/links: the link of exactly the compute resource that is given."""
    query = call.request.args
    cr_type = query.get("type")
    require_one_of("type", cr_type, CR_TYPES)
    target = _given({name: query.get(name) for name in LINK_PARTS})
    with call.state.lock:
        profile = profile_of(call)
        link = profile.find_link(cr_type or "", target)
        if link is None:
            raise refuse(404, "The profile has no link to this compute resource.")
        del profile.links[link.id]
    return no_content(call)


def _given(parts: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in parts.items() if text is not None}


def _shown(call: TrustCall, link: Link, status: int = 200) -> Response:
    return answer(call, link_body(link), status, entity_tag(link.id, 1))


def _link_of(call: TrustCall, profile: TrustedProfile) -> Link:
    link = profile.links.get(call.arguments["link_id"])
    if link is None:
        raise refuse(404, "The profile has no link of this id.")
    return link


def _require_parts(cr_type: str, target: Mapping[str, str]) -> None:
    for part in _PARTS_NEEDED.get(cr_type, ()):
        if not target.get(part):
            raise refuse(400, f"A link of type {cr_type} needs link.{part}.")


def _require_crn(sent: NewLink, profile: TrustedProfile) -> None:
    parts = sent.link.crn.split(":")
    if len(parts) < _CRN_PARTS or parts[0] != "crn" or not parts[6].startswith("a/"):
        raise refuse(400, "link.crn is not the CRN of a resource in an account.")
    expected = _CRN_TYPES.get(sent.cr_type)
    if expected is not None and (parts[4], parts[8]) != ("is", expected):
        raise refuse(400, f"link.crn is not the CRN of a compute resource of type {sent.cr_type}.")
    if parts[6] != f"a/{profile.account_id}" and not sent.is_cross_account:
        raise refuse(400, "link.crn is of another account than the profile.")


def _require_room(call: TrustCall, profile: TrustedProfile) -> None:
    limits = call.state.limits
    if len(profile.links) >= limits.links_per_profile:
        raise refuse(400, f"The profile has {limits.links_per_profile} links, the most.")
    if sum(len(other.links) for other in call.state.profiles.values()) >= limits.links:
        raise refuse(400, f"The account has {limits.links} links, the most.")
