"""Sources: the folders of pictures that one training draws from, how often and how strongly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.data.dataset import dataset_folder, picture_files
from studio.data.hints import hints, hints_of_name
from studio.errors import SettingsError
from studio.train.settings import TrainSettings
from studio.workspace import Workspace

LINE = re.compile(r"(?P<name>.+?)(?:\s+x(?P<repeats>\d{1,4}))?(?:\s+(?P<weight>\d+(?:\.\d+)?))?")


@dataclass(frozen=True)
class Source:
    """A folder; its pictures come `repeats` times as often as it says itself; their loss counts `weight`."""

    folder: Path
    repeats: int = 1
    weight: float = 1.0

    def repeats_of(self, picture: Path) -> int:
        """How often a picture comes in one epoch."""
        return self.repeats * hints(self.folder).repeats_of(picture)


def sources(settings: TrainSettings, workspace: Workspace) -> tuple[Source, ...]:
    """The dataset, or the folders named as kohya's within it, and the further datasets.

    Raises `DatasetError` for one that is not there, `SettingsError` for a line that cannot be read.
    """
    main = dataset_folder(workspace, settings.dataset)
    inner = () if picture_files(main) else tuple(_inside(main))
    more = tuple(_further(line, workspace) for line in settings.more_datasets.splitlines() if line.strip())
    return (*(inner or (Source(main),)), *more)


def _inside(folder: Path) -> Iterator[Source]:
    for one in sorted(folder.iterdir()):
        if hints_of_name(one.name) and one.is_dir() and picture_files(one):
            yield Source(one)


def _further(line: str, workspace: Workspace) -> Source:
    found = LINE.fullmatch(line.strip())
    assert found is not None  # a name is enough
    repeats, weight = int(found["repeats"] or 1), float(found["weight"] or 1)
    if repeats < 1 or not 0 < weight <= 10:
        raise SettingsError(
            f"More datasets: “{line.strip()}” cannot be used",
            why="Pictures come at least once, and count more than 0 and at most 10",
            remedy="Write a line as: portraits x3 0.5.",
            field="more_datasets",
        )
    return Source(dataset_folder(workspace, found["name"]), repeats, weight)
