"""The real world, in which one trait fails on purpose: the one whose hash `plan` names.

Settings as the world's, and `plan`, the path of a JSON file {"hash", "how"}, read when the
generation is made; without that file all are innocent. How: "segfault" or "hang", when it runs for
anybody; "load", a generation that is to have it cannot be made.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.guilty.service import fail
from zones.runtime.generation import Progress, untold
from zones.traits.scene import Scene
from zones.world import service
from zones.world.trait_library import LoadedTrait, TraitLibrary
from zones.world.trait_loading import LoadedTraits


class GuiltyTraits(LoadedTraits):
    """Traits of which one is not what it was when it was tried."""

    def __init__(self, told: dict[str, str]) -> None:
        super().__init__()
        self._told = told

    def library(self) -> TraitLibrary:
        """Return the library with the guilty one in it."""
        found, told = super().library(), self._told
        for key, trait in found._traits.items():
            if trait.hash == told.get("hash") and told["how"] != "load":
                found._traits[key] = guilty(trait, told["how"])
        return found


def guilty(trait: LoadedTrait, how: str) -> LoadedTrait:
    """Return a trait that fails when it runs for somebody."""

    def run(scene: Scene, count: int, parts: int) -> None:
        if count:
            fail(how)
        trait.run(scene, count, parts)

    return replace(trait, run=run)


class Generation(service.Generation):
    """The world's, with guilty traits."""

    def __init__(self, settings: dict[str, Any], progress: Progress = untold) -> None:
        own = dict(settings)
        plan = Path(own.pop("plan"))
        super().__init__(own, progress)
        self._told = json.loads(plan.read_text()) if plan.exists() else {}
        self._traits = GuiltyTraits(self._told)

    def load_traits(self, home: Path, hashes: Sequence[str], progress: Progress) -> None:
        """Load traits, or fail to."""
        if self._told.get("how") == "load" and self._told["hash"] in hashes:
            raise ImportError("the plan says so")
        super().load_traits(home, hashes, progress)
