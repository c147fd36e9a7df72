"""An examination as a whole: quick the second time, stoppable, and summed up in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from studio.data.captions import write_caption
from studio.data.dataset import open_dataset
from studio.data.doctor import CHECKS, examine, record
from studio.errors import Cancelled
from studio.workspace import ASSETS, Workspace
from tests.conftest import Run
from tests.data import samples

FOXES = ASSETS / "demo" / "subject"


@pytest.fixture
def foxes(workspace: Workspace) -> Path:
    """Four captioned drawings."""
    folder = workspace.datasets / "foxes"
    folder.mkdir()
    for number in (1, 2, 3, 6):
        shutil.copy(FOXES / f"fox-{number}.png", folder)
        write_caption(folder / f"fox-{number}.png", f"sks fox number {number}", by="hand")
    return folder


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pictures that are decoded to be measured."""
    seen: list[str] = []
    view = record.view

    def noted(path: Path) -> object:
        seen.append(path.name)
        return view(path)

    monkeypatch.setattr(record, "view", noted)
    return seen


def test_a_sound_dataset_is_ready(foxes: Path, workspace: Workspace) -> None:
    report = examine(open_dataset(foxes), workspace=workspace, trigger="sks")
    assert (report.verdict, report.findings, report.ready) == ("4 pictures, ready.", (), True)


def test_the_verdict_names_what_matters_most(foxes: Path, workspace: Workspace) -> None:
    shutil.copy(foxes / "fox-1.png", foxes / "fox-1 copy.png")
    write_caption(foxes / "fox-1 copy.png", "another fox", by="hand")
    report = examine(open_dataset(foxes), workspace=workspace)
    assert report.verdict == "5 pictures, ready. 1 near-duplicate is worth removing."
    samples.truncated(foxes / "broken.jpg")
    report = examine(open_dataset(foxes), workspace=workspace, trigger="sks")
    told = "1 picture cannot be read. 1 caption has no “sks”. 1 more thing is below."
    assert report.verdict == f"5 pictures, not quite ready. {told}"


def test_nothing_is_measured_twice_whatever_its_name(
    foxes: Path, workspace: Workspace, views: list[str]
) -> None:
    first = examine(open_dataset(foxes), workspace=workspace)
    assert len(views) == 4
    (foxes / "fox-6.png").rename(foxes / "renamed.png")
    (foxes / "fox-6.txt").rename(foxes / "renamed.txt")
    assert examine(open_dataset(foxes), workspace=workspace) == first
    assert len(views) == 4
    samples.picture(foxes / "fox-2.png", size=(300, 300))
    examine(open_dataset(foxes), workspace=workspace)
    assert views[4:] == ["fox-2.png"]


def test_a_check_that_measures_anew_measures_everything_again(
    foxes: Path, workspace: Workspace, views: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    examine(open_dataset(foxes), workspace=workspace)
    monkeypatch.setattr(CHECKS.get("text"), "version", 1000)
    examine(open_dataset(foxes), workspace=workspace)
    assert len(views) == 8


def test_a_damaged_record_is_made_anew(foxes: Path, workspace: Workspace, views: list[str]) -> None:
    examine(open_dataset(foxes), workspace=workspace)
    torn = sorted((workspace.cache / "doctor").iterdir())[0]
    torn.write_text('{"blurred 1": [0.4', encoding="utf-8")
    assert examine(open_dataset(foxes), workspace=workspace).ready
    assert len(views) == 5


def test_stopped_it_keeps_what_it_measured(foxes: Path, workspace: Workspace, views: list[str]) -> None:
    def stop(done: int, total: int) -> None:
        assert total == 4
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        examine(open_dataset(foxes), workspace=workspace, progress=stop)
    assert len(views) == 2
    examine(open_dataset(foxes), workspace=workspace)
    assert len(views) == 4


def test_it_needs_no_torch(foxes: Path, workspace: Workspace, python: Run) -> None:
    told = python(
        "import sys\n"
        "from pathlib import Path\n"
        "from studio.data.dataset import open_dataset\n"
        "from studio.data.doctor import examine\n"
        "from studio.models.facts import base_facts\n"
        "from studio.workspace import Workspace\n"
        f"workspace = Workspace.open({str(workspace.root)!r})\n"
        "base = base_facts('pocket', workspace)\n"
        f"examine(open_dataset(Path({str(foxes)!r})), workspace=workspace, base=base, trigger='sks')\n"
        "print([name for name in ('torch', 'transformers', 'diffusers') if name in sys.modules])"
    )
    assert told.stdout.strip() == "[]", told.stderr


def test_every_check_says_its_name_and_place() -> None:
    checks = list(CHECKS)
    assert len({check.order for check in checks}) == len(checks) >= 15
    assert all(check.title[:1].isupper() and check.name.isidentifier() for check in checks)
