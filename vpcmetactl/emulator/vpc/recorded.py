"""Servers recorded from the real API, served byte for byte as they were recorded."""

from datetime import datetime
from typing import Any

import msgspec

from vpcmetactl.emulator.vpc.statuses import REASONS, Power


class RecordedServer:
    """A recorded body. What it lacks stays missing, and what is odd in it stays odd.

    Only a change makes the body differ from the recording, and only where the change was.
    """

    def __init__(self, raw: bytes, body: dict[str, Any]) -> None:
        self.id: str = body["id"]
        self.power = Power(str(body.get("status")))
        self._raw = raw
        self._body = body

    @property
    def name(self) -> str:
        """The recorded or changed name; empty if there is none."""
        return str(self._body.get("name", ""))

    @property
    def crn(self) -> str:
        """The recorded CRN; empty if there is none."""
        return str(self._body.get("crn", ""))

    @property
    def is_bare_metal(self) -> bool:
        """Whether the body says that it is of a bare metal server."""
        return self._body.get("resource_type") == "bare_metal_server"

    @property
    def metadata_service(self) -> dict[str, Any] | None:
        """The metadata service as recorded or changed; None if the body has none."""
        service = self._body.get("metadata_service")
        return service if isinstance(service, dict) else None

    def filter_value(self, name: str) -> str | None:
        """Return what a list filter of this name compares with."""
        path = name.replace("placement_group.", "placement_target.").split(".")
        value: object = self._body
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, str) else None

    def change(self, patch: dict[str, Any]) -> None:
        """Merge a patch that has been validated; null values have been refused before."""
        merged = {
            key: {**(self._body.get(key) or {}), **value} if isinstance(value, dict) else value
            for key, value in patch.items()
        }
        self._body = {**self._body, **merged}
        self._raw = msgspec.json.encode(self._body)

    def encoded(self, now: datetime) -> bytes:
        """Return the body: the recorded bytes unless something was changed."""
        step = self.power.step(now)
        if not self.power.steps or step.status == self._body.get("status"):
            return self._raw
        changed: dict[str, Any] = {"status": step.status}
        if step.reason is not None:
            changed["status_reasons"] = [{"code": step.reason, "message": REASONS[step.reason]}]
        return msgspec.json.encode({**self._body, **changed})
