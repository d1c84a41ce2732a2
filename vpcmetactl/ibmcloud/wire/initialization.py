"""How a server was initialized, of which only the default trusted profile is read.

``GET /instances/{id}/initialization`` also answers with keys and the password, that of bare metal
servers with accounts: they are skipped, never decoded (platform notes 1.5).
"""

import msgspec

from vpcmetactl.domain.trust import DefaultProfile


class TargetBody(msgspec.Struct):
    """The trusted profile itself."""

    id: str | None = None
    crn: str | None = None


class DefaultProfileBody(msgspec.Struct):
    """``default_trusted_profile``, absent where none was given."""

    target: TargetBody | None = None
    auto_link: bool | None = None


class InitializationBody(msgspec.Struct):
    """``initialization`` of an instance or a bare metal server."""

    default_trusted_profile: DefaultProfileBody | None = None


_INITIALIZATION = msgspec.json.Decoder(InitializationBody)


def default_profile_from_wire(body: bytes) -> DefaultProfile | None:
    """Return the profile a server was given when it was made; ``None`` without one."""
    return default_profile(_INITIALIZATION.decode(body).default_trusted_profile)


def default_profile(body: DefaultProfileBody | None) -> DefaultProfile | None:
    """Translate what a body says of the default trusted profile."""
    if body is None:
        return None
    target = body.target or TargetBody()
    return DefaultProfile(target.id, target.crn, body.auto_link)
