"""Servers that need a restart, may need one, and need none."""

from collections.abc import Mapping

from tests.support.builders import OFF, ON, an_instance
from tests.support.desk import Desk

WEB = an_instance("web-1", metadata_service=ON)
DB = an_instance("db-1", metadata_service=ON)
UNKNOWN = an_instance("old-1", metadata_service=ON)
FINE = an_instance("idle-1", metadata_service=OFF)


def a_desk(environ: Mapping[str, str] | None = None) -> Desk:
    """Two servers that need a restart, one of which it is not known, one that needs none."""
    return Desk(servers=[UNKNOWN, FINE], enabled=[WEB, DB], environ=environ or {})
