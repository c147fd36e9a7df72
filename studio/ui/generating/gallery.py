"""The gallery: everything ever painted, found again, marked, taken out and carried elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from studio.errors import PictureError, StudioError
from studio.generate.gallery import Gallery, Shot
from studio.generate.recipe import read_recipe
from studio.ui.desk import Desk
from studio.ui.folders import open_folder
from studio.ui.generating.comparing import compared
from studio.ui.generating.servant import Answer, Question
from studio.ui.markup import picture_url
from studio.ui.pictures_view import PicturesView

PAGE = 200  # pictures that are sent at a time
SIDE = 256  # pixels of a small picture
SHARE = 0.4  # seconds that one question may spend on making small pictures


class GalleryAnswers:
    """Answers the gallery."""

    def __init__(self, desk: Desk, view: PicturesView) -> None:
        self.desk, self.view = desk, view
        self.gallery = Gallery(desk.workspace)

    def answer_shots(self, question: Question) -> Answer:
        """A page of pictures, newest first, after the one at `before`."""
        at = question.get("before")
        shots = self.gallery.search(
            str(question.get("text", "")),
            adapter=str(question.get("adapter", "")),
            model=str(question.get("model", "")),
            favourite=True if question.get("favourite") else None,
            day=str(question.get("day", "")),
            before=(float(at[0]), str(at[1])) if at else None,
            limit=PAGE,
        )
        return {"shots": [_told(shot) for shot in shots], "more": len(shots) == PAGE}

    def answer_shelves(self, _: Question) -> Answer:
        """What there is to choose by: days, adapters and models, with how many pictures."""
        return {
            "days": self.gallery.days(),
            "adapters": self.gallery.adapters(),
            "models": self.gallery.models(),
        }

    def answer_small(self, question: Question) -> Answer:
        """Small pictures of those in view; the rest is asked for again."""
        until, found = time.monotonic() + SHARE, {}
        for path in self._paths(question):
            if time.monotonic() > until:
                break
            try:
                found[str(path)] = picture_url(self.desk.large(path, SIDE))
            except (PictureError, OSError):
                found[str(path)] = ""
        return {"small": found}

    def answer_favourite(self, question: Question) -> Answer:
        """Mark pictures as favourites, or no longer."""
        for path in self._paths(question):
            self.gallery.favourite(path, bool(question["yes"]))
        return {}

    def answer_bin(self, question: Question) -> Answer:
        """Pictures go to the system's bin."""
        count = self.gallery.bin(self._paths(question))
        back = "it can" if count == 1 else "they can"
        return {"told": f"{_pictures(count)} in the system's bin, from which {back} come back."}

    def answer_compare(self, question: Question) -> Answer:
        """What tells two pictures apart: a label for each, and a sentence."""
        paths = self._paths(question)
        if len(paths) < 2:
            raise PictureError("One of these pictures is no longer there")
        try:
            left, right, told = compared(*(read_recipe(path) for path in paths[:2]))
        except PictureError as silent:
            left, right, told = paths[0].name, paths[1].name, str(silent)
        return {"labels": [left, right], "told": told}

    def answer_folder(self, question: Question) -> Answer:
        """Show the file of a picture in the system's file manager."""
        path = next(iter(self._paths(question)), self.desk.workspace.outputs)
        open_folder(path if path.is_dir() else path.parent)
        return {}

    def answer_export(self, question: Question) -> Answer:
        """Pictures as a dataset, their prompts as captions."""
        name = str(question["name"]).strip()
        if not name:
            raise StudioError("Give the dataset a name first")
        brought = self.gallery.export(self._paths(question), name)
        return {
            "dataset": brought.folder.name,
            "told": f"{_pictures(len(brought.added))} in the dataset “{brought.folder.name}”.",
        }

    def _paths(self, question: Question) -> list[Path]:
        places: Iterable[Any] = question["places"]
        return [path for path in map(Path, map(str, places)) if self.view.own(path)]


def _told(shot: Shot) -> dict[str, Any]:
    return {
        "place": str(shot.path),
        "url": picture_url(shot.path),
        "mark": shot.place,
        "day": shot.day,
        "prompt": shot.prompt,
        "adapters": shot.adapters,
        "model": shot.model,
        "seed": shot.seed,
        "size": [shot.width, shot.height],
        "favourite": shot.favourite,
    }


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"
