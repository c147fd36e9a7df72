"""The board: the pictures of a dataset with their captions, and the editing of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.data.captions import history, read_caption, write_caption
from studio.data.dataset import Dataset, dataset_folder, open_dataset
from studio.errors import DatasetError, StudioError
from studio.ui.desk import Desk
from studio.ui.faults import answering
from studio.ui.markup import picture_url, render

LARGE = 1280  # pixels of the picture in the editor


class Board:
    """Shows datasets and edits captions, only of pictures that it has shown."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._shown: set[Path] = set()
        self._opened: dict[Path, tuple[int, Dataset]] = {}

    def html(self, chosen: str) -> str:
        """The pictures of the chosen dataset; a sentence where there are none."""
        if not chosen:
            return render("board", cards=[], empty="Drop some pictures on the left, or choose a dataset.")
        try:
            dataset = self._open(dataset_folder(self.desk.workspace, chosen))
        except DatasetError as fault:
            return render("board", cards=[], empty=_or_new(chosen, fault))
        self._shown.update(picture.path for picture in dataset.pictures)
        cards = [
            {"name": p.path.name, "path": str(p.path), "caption": p.caption, "small": self.desk.small(p.path)}
            for p in dataset.pictures
        ]
        captioned = sum(bool(picture.caption) for picture in dataset.pictures)
        return render(
            "board",
            title=dataset.folder.name,
            cards=cards,
            captioned=captioned,
            damaged=[str(fault) for fault in dataset.damaged],
        )

    def servants(self) -> list[Any]:
        """The functions that the editor calls."""

        @answering
        def look(question: Any) -> dict[str, Any]:
            path = self._known(question)
            picture = self.desk.large(path, LARGE)
            return {
                "picture": picture_url(picture),
                "caption": read_caption(path),
                "history": _versions(path),
            }

        @answering
        def save(question: Any) -> dict[str, Any]:
            path = self._known(question)
            write_caption(path, str(question["text"]), by="hand")
            self._opened.pop(path.parent, None)
            return {"history": _versions(path)}

        return [look, save]

    def _known(self, question: Any) -> Path:
        path = Path(str(question["picture"]))
        if path not in self._shown:
            raise StudioError("This picture is not on the board", remedy="Choose its dataset once more.")
        return path

    def _open(self, folder: Path) -> Dataset:
        """The dataset, read again when something in its folder has changed."""
        changed = folder.stat().st_mtime_ns
        known = self._opened.get(folder)
        if known is None or known[0] != changed:
            known = self._opened[folder] = (changed, open_dataset(folder))
        return known[1]


def _versions(path: Path) -> list[dict[str, Any]]:
    """The words before, newest first, each text once, without the present ones."""
    present, seen = read_caption(path), set()
    found = []
    for version in reversed(history(path)):
        if version.text != present and version.text not in seen:
            seen.add(version.text)
            found.append({"text": version.text, "by": _who(version.by), "at": version.at})
    return found


def _who(by: str) -> str:
    return {"hand": "by hand", "import": "came with the picture"}.get(by, by)


def _or_new(chosen: str, fault: DatasetError) -> str:
    if "/" in chosen or "\\" in chosen or "no pictures" in str(fault):
        return str(fault)
    return f"“{chosen}” is a new dataset. Drop its pictures on the left."
