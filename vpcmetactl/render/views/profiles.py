"""Trusted profiles as a list, and one profile as a page."""

from collections.abc import Sequence

from vpcmetactl.domain.trust import ProfileTrust
from vpcmetactl.render.documents import (
    Column,
    Document,
    Fit,
    Group,
    Line,
    Style,
    Trailer,
    View,
)
from vpcmetactl.render.items.trust import Profile, ProfileLink, ProfilesSummary, profile_item
from vpcmetactl.render.views.trust_words import day, identity_words, rule_words, target_words
from vpcmetactl.render.views.words import UNREPORTED, counted

_NOT_READ = "not read"


def _count(profile: Profile, part: str) -> str:
    return _NOT_READ if profile.error_of(part) else str(len(getattr(profile, part)))


def _column(part: str) -> Column[Profile]:
    return Column(
        key=part,
        title=part.upper(),
        text=lambda profile: _count(profile, part),
        style=lambda profile: Style.BAD if profile.error_of(part) else None,
        right=True,
    )


COLUMNS = (
    Column[Profile](
        key="name", title="NAME", text=lambda profile: profile.label, fit=Fit.SHORTEN, least=20
    ),
    Column[Profile](key="id", title="ID", text=lambda profile: profile.id, wide_only=True),
    *(_column(part) for part in ("links", "rules", "identities")),
    Column[Profile](
        key="created_at", title="CREATED", text=lambda profile: day(profile.created_at)
    ),
    Column[Profile](
        key="iam_id",
        title="IAM ID",
        text=lambda profile: profile.iam_id or UNREPORTED,
        wide_only=True,
    ),
    Column[Profile](
        key="description",
        title="DESCRIPTION",
        text=lambda profile: profile.description or "",
        fit=Fit.SHORTEN,
        optional=True,
    ),
)


def _summarize(profiles: Sequence[Profile], _: Trailer) -> ProfilesSummary:
    return ProfilesSummary(
        total=len(profiles),
        links=sum(len(profile.links) for profile in profiles),
        rules=sum(len(profile.rules) for profile in profiles),
        identities=sum(len(profile.identities) for profile in profiles),
        incomplete=sum(bool(profile.errors) for profile in profiles),
    )


def _remarks(document: Document[Profile]) -> Sequence[Group]:
    summary: ProfilesSummary = document.summary
    if not summary.total:
        return [Group([Line("No trusted profiles.")])]
    lines = [
        Line(
            f"{counted(summary.total, 'trusted profile')}: {counted(summary.links, 'link')}, "
            f"{counted(summary.rules, 'claim rule')}, "
            f"{counted(summary.identities, 'identity', 'identities')}."
        )
    ]
    if summary.incomplete:
        said = f"Of {counted(summary.incomplete, 'profile')} not everything could be read."
        lines.insert(0, Line(said, style=Style.BAD))
    commands = [
        Line("vpcmetactl profiles show PROFILE", label="To see one in full", keep=True),
        Line("vpcmetactl access list", label="Who can become what", keep=True),
    ]
    return [Group(lines), Group(commands)]


def _page(profile: Profile) -> Sequence[Group]:
    return [
        Group(_head(profile), title=profile.label),
        _part(profile, "links", list(map(_link_line, profile.links))),
        _part(
            profile,
            "rules",
            [Line(f"{rule.name or rule.id}: {rule_words(rule)}") for rule in profile.rules],
        ),
        _part(
            profile,
            "identities",
            [Line(identity_words(one), label=one.type) for one in profile.identities],
        ),
    ]


def _head(profile: Profile) -> Sequence[Line]:
    described = [Line(profile.description)] if profile.description else []
    lines = [
        ("ID", profile.id),
        ("IAM ID", profile.iam_id),
        ("CRN", profile.crn),
        ("Account", profile.account_id),
        ("Created", profile.created_at),
        ("Changed", profile.modified_at),
    ]
    return [
        *described,
        *(Line(text or UNREPORTED, label=label, keep=True) for label, text in lines),
    ]


def _part(profile: Profile, part: str, lines: Sequence[Line]) -> Group:
    error = profile.error_of(part)
    if error is not None:
        unread = [Line(f"could not be read: {error.message}", style=Style.BAD)]
        hint = [Line(error.hint)] if error.hint else []
        return Group([*unread, *hint], title=part.capitalize(), style=Style.BAD)
    return Group(lines, title=f"{part.capitalize()}: {len(lines) or 'none'}")


def _link_line(link: ProfileLink) -> Line:
    details = [
        target_words(link),
        f'"{link.name}"' if link.name else None,
        f"made {day(link.created_at)}" if link.created_at else None,
        "across accounts" if link.is_cross_account else None,
    ]
    return Line(", ".join(filter(None, details)), label=link.cr_type or UNREPORTED)


def _no_remarks(_: Document[Profile]) -> Sequence[Group]:
    return ()


def _view(kind: str) -> View[ProfileTrust, Profile]:
    is_page = kind == "profile"
    return View(
        kind=kind,
        account_key="account_id",
        to_item=profile_item,
        sort_key=lambda profile: (profile.name or "", profile.id),
        identity=lambda profile: profile.id,
        columns=COLUMNS,
        summarize=_summarize,
        remarks=_no_remarks if is_page else _remarks,
        page=_page if is_page else None,
    )


PROFILES = _view("profiles")
PROFILE = _view("profile")
