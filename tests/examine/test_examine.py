from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from studio.data.dataset import open_dataset
from studio.data.doctor import examine
from studio.data.doctor.likeness import known_features, nearest
from studio.examine.settings import ExamineSettings
from studio.jobs.events import Ended
from studio.jobs.queue import Queue
from studio.jobs.worker import Worker
from studio.kinds import KINDS
from studio.workspace import ASSETS, Workspace
from tests.data import samples

PANDA = ASSETS / "demo" / "style" / "panda.png"


@pytest.fixture
def pandas(workspace: Workspace) -> Path:
    """A drawing, a part of it that small copies do not recognise, another drawing, and a broken file."""
    folder = workspace.datasets / "pandas"
    folder.mkdir()
    shutil.copy(PANDA, folder / "whole.png")
    Image.open(PANDA).crop((0, 0, 210, 256)).save(folder / "part.png")
    shutil.copy(PANDA.with_name("owl.png"), folder / "other.png")
    samples.truncated(folder / "broken.jpg")
    return folder


def do(workspace: Workspace, worker: Worker) -> Ended:
    return worker.work(Queue(workspace).submit("examine", ExamineSettings(dataset="pandas")))


def duplicates(folder: Path, workspace: Workspace) -> list[set[str]]:
    report = examine(open_dataset(folder), workspace=workspace)
    return [{path.stem for path in group} for finding in report.findings for group in finding.groups]


def test_the_tower_finds_what_the_hash_alone_does_not(pandas: Path, workspace: Workspace) -> None:
    assert duplicates(pandas, workspace) == []
    worker = Worker(workspace, KINDS)
    assert do(workspace, worker).message == "Looked at 3 new pictures."
    assert duplicates(pandas, workspace) == [{"whole", "part"}]
    (pandas / "other.png").rename(pandas / "renamed.png")
    assert do(workspace, worker).message == "There was nothing new to look at."


def test_a_mirrored_picture_is_nearer_than_another(pandas: Path, workspace: Workspace) -> None:
    Image.open(PANDA).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(pandas / "mirrored.png")
    do(workspace, Worker(workspace, KINDS))
    pictures = [pandas / f"{name}.png" for name in ("whole", "mirrored", "other")]
    features = known_features(pictures, workspace)
    assert nearest([features[picture] for picture in pictures], enough=0.9) == [(0, 1)]
