"""Prior preservation keeps the class: measured on the miniature."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.data.imports import import_pictures
from studio.jobs.context import Context
from studio.jobs.run import new_run
from studio.train.engine import _begin
from studio.train.probe import Probe
from studio.train.settings import TrainSettings
from studio.train.training import Training
from studio.workspace import ASSETS, Workspace

FOXES = sorted((ASSETS / "demo" / "subject").glob("*.png"))
TRAINED, UNSEEN = ("owl", "panda", "turtle"), ("elephant", "butterfly")
VALUES = {
    "dataset": "fox", "class_word": "animal", "steps": 16, "learning_rate": 5e-3, "rank": 8, "warmup": 0,
    "min_snr_gamma": 0, "flip": False, "seed": 3, "gradient_checkpointing": False, "optimizer": "adamw",
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    opened = Workspace.open(tmp_path)
    import_pictures(opened, "fox", FOXES[:4])
    for folder, names in (("trained", TRAINED), ("unseen", UNSEEN)):
        import_pictures(opened, folder, [ASSETS / "demo" / "style" / f"{name}.png" for name in names])
    return opened


def begin(workspace: Workspace, **values: str) -> Training:
    settings = TrainSettings.parse({**VALUES, **values})
    run = new_run(workspace, "train", settings)
    return _begin(Context(workspace, run, lambda event: None), settings)


def test_a_class_whose_pictures_are_trained_too_is_remembered_better(workspace: Workspace) -> None:
    unseen = begin(workspace, keep_class="on", class_folder="unseen").loop.material
    losses = []
    for keep_class in ("on", "off"):
        loop = begin(workspace, keep_class=keep_class, class_folder="trained").loop
        loop.prompts.encoded = unseen.prompts
        probe = Probe(loop.model, loop.noise_schedule, unseen.of_class, loop.prompts)
        with loop.at_rest():
            base = probe.loss()
        for _ in range(16):
            loop.step()
        with loop.at_rest():
            losses.append(probe.loss())
    kept, lost = losses
    print(kept, lost, base)
    assert kept < 0.98 * lost
