"""Starting from a picture: where it comes from, the mask over it, and the sizes that suit a base."""

from __future__ import annotations

import io
from base64 import b64decode
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from studio.data.pictures import open_picture
from studio.errors import PictureError, StudioError
from studio.generate.inputs import FOLDER, keep
from studio.generate.settings import GenerateSettings
from studio.models.facts import base_facts
from studio.settings import KnobInfo, knobs
from studio.ui.desk import Desk
from studio.ui.generating.servant import Answer, Question
from studio.ui.markup import picture_url
from studio.ui.widgets import uploaded

LARGE = 1024  # pixels of the picture in the form
PNG = "data:image/png;base64,"
SHAPES = (("Square", 1, 1), ("Portrait", 3, 4), ("Landscape", 4, 3), ("Tall", 9, 16), ("Wide", 16, 9))
NO_AXIS = frozenset(
    {"prompt", "adapters", "sheet", "count", "batch_size", "image", "mask", "outpaint", "format"}
)


class Starting:
    """Answers the fields that begin with a picture, and the sheet."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def answer_source(self, question: Question) -> Answer:
        """The picture that a form names, to be seen; only what was kept for it is shown."""
        path = self.desk.workspace.hidden / FOLDER / Path(str(question["place"])).name
        if not path.is_file():
            raise PictureError("The picture to start from is not there any more", remedy="Choose it again.")
        return self._told(path)

    def answer_take_source(self, question: Question) -> Answer:
        """A picture that was dropped or chosen: a copy of it is kept."""
        with uploaded([{"path": str(question["place"]), "name": str(question["name"])}]) as folder:
            return self._told(keep(self.desk.workspace, next(folder.rglob("*.*"))))

    def answer_put_mask(self, question: Question) -> Answer:
        """A mask that was painted, as a PNG in the question; one without any white is none."""
        drawn = str(question["drawn"])
        try:
            image = Image.open(io.BytesIO(b64decode(drawn.removeprefix(PNG), validate=True))).convert("L")
        except (ValueError, OSError, UnidentifiedImageError):
            raise PictureError("The mask did not arrive whole", remedy="Paint once more.") from None
        if image.getextrema()[1] == 0:
            return {"place": ""}
        return {"place": str(keep(self.desk.workspace, image))}

    def answer_axes(self, question: Question) -> Answer:
        """What a sheet can compare: the settings, and the LoRAs of the mix."""
        settings = [_axis(knob) for knob in knobs(GenerateSettings) if knob.name not in NO_AXIS]
        names = [str(row["name"]) for row in question["rows"] if row.get("on")]
        of_mix = [
            {"name": f"lora {name}", "label": f"Weight of {name.rpartition('/')[2]}", "example": "0..1/5"}
            for name in names
        ]
        if names:
            told = {"name": "only", "label": "One LoRA alone", "example": ",".join([*names, "all", "none"])}
            of_mix.append(told)
        words = {"name": "replace", "label": "Words in the prompt", "example": "fox|hen|owl"}
        return {"settings": [words, *of_mix, *settings]}

    def _told(self, path: Path) -> Answer:
        size = open_picture(path).size
        return {"place": str(path), "url": picture_url(self.desk.large(path, LARGE)), "size": size}


def sizes(desk: Desk, base: str) -> list[dict[str, Any]]:
    """The shapes that suit a base, each of about as many pixels as it is best at; none if it is not known."""
    try:
        facts = base_facts(base, desk.workspace)
    except StudioError:
        facts = None
    if facts is None:
        return []
    return [
        _size(title, across / down, facts.resolution, facts.side_multiple) for title, across, down in SHAPES
    ]


def whole_side(desk: Desk, base: str, side: int | None) -> int | None:
    """A side as the base can paint it; None, which leaves it to the base, stays."""
    try:
        facts = base_facts(base, desk.workspace) if side else None
    except StudioError:
        facts = None
    if facts is None or not side:
        return side or None
    return max(facts.side_multiple, round(side / facts.side_multiple) * facts.side_multiple)


def _size(title: str, ratio: float, resolution: int, multiple: int) -> dict[str, Any]:
    width, height = (
        max(multiple, round(resolution * factor / multiple) * multiple)
        for factor in (ratio**0.5, ratio**-0.5)
    )
    return {"title": title, "width": width, "height": height, "ratio": ratio}


def _axis(knob: KnobInfo) -> dict[str, str]:
    choices = ",".join(name for name in knob.choices if name)[:60]
    numbers = {"seed": "1-4", "steps": "10,20,30", "guidance": "3,5,7"}
    low, high = knob.minimum or 0, knob.maximum or 1
    return {
        "name": knob.name,
        "label": knob.label,
        "example": numbers.get(knob.name)
        or choices
        or (f"{low:g}..{high:g}/3" if knob.type is float else ""),
    }
