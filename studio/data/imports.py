"""Imports: bringing pictures, with their captions and masks, into a dataset of the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from studio.data.arrivals import Arrivals
from studio.data.importer import Import, Importer
from studio.data.journal import Progress
from studio.data.rows import hub_rows
from studio.workspace import Workspace, safe_name

__all__ = ["Import", "import_hub_dataset", "import_pictures"]

MOST_ROWS = 2_000  # pictures that are taken of a dataset of the hub


def import_pictures(
    workspace: Workspace,
    name: str,
    files: Sequence[Path],
    *,
    replace_captions: bool = False,
    progress: Progress | None = None,
) -> Import:
    """Copy pictures into datasets/`name`, out of files, folders, zip archives and parquet files.

    Captions come along from a `.txt` of the same stem or from the tables of other programs, masks
    as `name-masklabel.png`, and from folders called `10_zwx cat` the hints in their names. Nothing
    is ever overwritten: a picture whose name is taken gets a number, the very same picture is not
    added twice, and the captions of those here stay, unless `replace_captions`. What cannot be used
    is told file by file while the rest goes on. `progress` is called with (done, all).
    Raises `DiskFull`; what was copied before stays.
    """
    with ExitStack() as stack:
        arrivals = Arrivals(stack)
        arrivals.add(files)
        importer = Importer(workspace.datasets / safe_name(name), arrivals, replace_captions=replace_captions)
        return importer.run(progress or (lambda done, total: None))


def import_hub_dataset(
    workspace: Workspace,
    name: str,
    dataset: str,
    *,
    split: str = "",
    most: int = MOST_ROWS,
    progress: Progress | None = None,
) -> Import:
    """Bring the first `most` pictures of a dataset of the hub, by its id, into datasets/`name`.

    Raises `DatasetError` where there is none of that id, `Offline` without a network.
    """
    rows = hub_rows(dataset, split=split, most=most)
    importer = Importer(workspace.datasets / safe_name(name), Arrivals(ExitStack()), rows=[rows])
    return importer.run(progress or (lambda done, total: None))
