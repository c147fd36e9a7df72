"""The studio itself: the whole recipe in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from studio.generate.pictures import WHOLE
from studio.generate.programs._base import Program

if TYPE_CHECKING:
    from studio.generate.recipe import Recipe


class Studio(Program):
    """Every setting comes back, and the hashes of all that was used."""

    name = "studio"
    title = "LoRA Studio"
    order = 0

    def read(self, texts: Mapping[str, str]) -> Recipe | None:
        """The recipe in the picture's own chunk."""
        from studio.generate.programs._values import usable_values
        from studio.generate.recipe import Recipe, UsedAdapter

        if WHOLE not in texts:
            return None
        content = json.loads(texts[WHOLE])
        values, notes = usable_values(content["values"])
        return Recipe(
            values,
            model=str(content["model"]),
            model_hash=str(content["model_hash"]),
            scheduler=str(content["scheduler"]),
            adapters=tuple(UsedAdapter(**used) for used in content["adapters"]),
            versions={str(name): str(version) for name, version in content["versions"].items()},
            notes=notes,
            written={str(name): str(text) for name, text in content.get("written", {}).items()},
        )


ENTRY = Studio()
