"""The build's hook: man pages that ``make man`` wrote go into the sdist, and into the wheel.

Where there are none, as in an installation from a checkout, it adds none.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PAGES = Path("dist", "man")


class PagesHook(BuildHookInterface[BuilderConfig]):
    """Adds the pages at the place where the target has them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add them; an editable installation gets none, for it would keep them as they were."""
        if version == "editable":
            return
        in_wheel = self.target_name == "wheel"
        files = build_data["shared_data" if in_wheel else "force_include"]
        folder = Path("share", "man", "man1") if in_wheel else _PAGES
        for page in sorted(Path(self.root, _PAGES).glob("*.1")):
            files[str(page)] = str(folder / page.name)
