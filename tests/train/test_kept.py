"""The checkpoints of a run: shown with their sizes, published, and let go of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.adapters.header import read_header
from studio.errors import TrainingError
from studio.jobs.run import Run
from studio.train import kept as module
from studio.train.kept import bin_kept, kept, publish_kept
from tests.train.studio_in_small import Small, make_small


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Small, Run]:
    small = make_small(tmp_path_factory.mktemp("kept"))
    run = small.run(steps=4, save_every=1, sample_every=2)
    small.train(run)
    return small, run


def test_checkpoints_are_listed_with_their_sizes(trained: tuple[Small, Run]) -> None:
    small, run = trained
    found = kept(run.folder(small.workspace))
    assert [(each.step, each.resumable) for each in found] == [(1, False), (2, False), (3, True), (4, True)]
    assert found[0].size_bytes == found[0].path.stat().st_size
    assert found[3].size_bytes > found[0].size_bytes


def test_another_checkpoint_is_published_beside_the_chosen_one(trained: tuple[Small, Run]) -> None:
    small, run = trained
    folder = run.folder(small.workspace)
    path = publish_kept(small.workspace, folder, 2, weight=0.8)
    again = publish_kept(small.workspace, folder, 2)
    assert [path.name, again.name] == ["dots step 2.safetensors", "dots step 2 2.safetensors"]
    assert read_header(path).metadata["ss_steps"] == "2"
    assert path.with_suffix(".png").read_bytes() == (folder / "samples" / "step-000002-1.png").read_bytes()
    card = json.loads(path.with_suffix(".json").read_text())
    assert (card["preferred weight"], card["activation text"]) == (0.8, "sks")
    assert card["description"] == "Trained on 4 pictures of “dots”."
    with pytest.raises(TrainingError, match="step 7"):
        publish_kept(small.workspace, folder, 7)


def test_what_is_tidied_up_goes_to_the_bin(
    trained: tuple[Small, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    small, run = trained
    binned: list[Path] = []
    monkeypatch.setattr(module, "send2trash", binned.append)
    first = kept(run.folder(small.workspace))[0]
    assert bin_kept(run.folder(small.workspace), [1, 99]) == first.size_bytes
    assert binned == [first.path.parent]
