"""Carrying: the settings of a picture back into the form, and the picture itself to where it is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.errors import PictureError
from studio.generate.gallery import Gallery
from studio.generate.inputs import keep
from studio.generate.recipe import read_recipe
from studio.generate.restoring import restore
from studio.workspace import Workspace

FROM_PICTURES = "From my pictures"  # the dataset to which single pictures are sent
TWICE, SOME, APART = 2.0, 4, 0.3  # of an upscaling, and of variations
WHOLE = "0,0,0,0"  # nothing is added at the sides
STARTS = ("image", "inpaint", "outpaint")
SENDS = (*STARTS, "upscale", "variations")


@dataclass(frozen=True)
class Restored:
    """What comes back into the form: `whole` says that what is not among the values is as it is at first."""

    values: Mapping[str, Any]
    title: str = ""
    notes: tuple[str, ...] = ()
    fold: str = ""
    whole: bool = True
    start: str = ""
    """The place of a picture that says nothing, to be started from."""


@dataclass
class Carrying:
    """What is done with pictures of a workspace."""

    workspace: Workspace
    gallery: Gallery = field(init=False)

    def __post_init__(self) -> None:
        self.gallery = Gallery(self.workspace)

    def restored(self, path: Path) -> Restored:
        """The settings of any picture; one that has none can still be started from.

        Raises `PictureError` for a file that is no picture.
        """
        try:
            recipe = read_recipe(path)
        except PictureError as fault:
            return Restored({}, str(fault), whole=False, start=str(keep(self.workspace, path)))
        found = restore(recipe, self.workspace)
        program = f", made with {recipe.program}" if recipe.program else ""
        return Restored(
            found.values, f"The settings of “{path.name}”{program}, are in the form.", found.notes
        )

    def sent(self, path: Path, to: str, prompt: str) -> Restored:
        """A picture of the gallery as the beginning of something else.

        One to start from leaves the form as it is, but for its own words where there is no `prompt` yet.
        What is enlarged or varied is painted again, for which all of its settings are needed.
        """
        recipe = self._values(path)
        if to in STARTS:
            start = {"image": str(keep(self.workspace, path)), "mask": "", "outpaint": WHOLE}
            words = {} if prompt.strip() else {"prompt": str(recipe.get("prompt", ""))}
            return Restored({**words, **start}, whole=False, fold="image")
        told = f"The settings of “{path.name}” are in the form. Press Generate"
        if to == "upscale":
            larger = {"upscale": TWICE, "count": 1, "sheet": ()}
            return Restored({**recipe, **larger}, f"{told} to have it twice as large.", fold="upscale")
        more = {"variation": APART, "variation_seed": -1, "count": SOME, "sheet": (), "upscale": 1}
        return Restored({**recipe, **more}, f"{told} for {SOME} that differ a little.", fold="variation")

    def as_dataset(self, path: Path) -> str:
        """A picture with its prompt as caption in a dataset; returns its name."""
        return self.gallery.export([path], FROM_PICTURES).folder.name

    def _values(self, path: Path) -> dict[str, Any]:
        try:
            return dict(restore(read_recipe(path), self.workspace).values)
        except PictureError:
            return {}
