"""Build hook: a package without the built front end would serve pages without style or script."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MANIFEST = Path("elearn", "static", "build", "manifest.json")


class FrontEndHook(BuildHookInterface[Any]):
    """Refuses to build while the front end is not built."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - given by hatchling
        if not (Path(self.root) / MANIFEST).is_file():
            raise RuntimeError(f"{MANIFEST} is missing: run `make setup` first")
