"""The verdict: what is recommended, with what evidence, and that the file gives back what was trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from studio.adapters.header import read_header
from studio.errors import AdapterError, Paused, TrainingError
from studio.jobs.context import Context
from studio.train import conclusion
from studio.train.export import Recipe
from studio.train.verdict import eyes as eyes_module
from studio.train.verdict.judging import spread
from studio.train.verdict.scores import Cell, choose
from tests.train.studio_in_small import Small, make_small

BASE = Cell(0, 0.0, likeness=0.3, fit=0.5, obeys=0.2, drift=0.0, variety=0.4)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


def cell(step: int, weight: float = 1.0, **scores: float) -> Cell:
    return Cell(
        step, weight, **{"likeness": 0.7, "fit": 0.5, "obeys": 0.2, "drift": 0.1, "variety": 0.4, **scores}
    )


@pytest.mark.parametrize(
    ("cells", "best", "said"),
    [
        ([cell(100, likeness=0.5), cell(200)], (200, 1.0), "training longer may help"),
        ([cell(100), cell(200)], (100, 1.0), "Later ones do not come closer"),
        ([cell(100), cell(200, likeness=0.72, variety=0.05)], (100, 1.0), "every seed gives nearly the same"),
        ([cell(100), cell(200, likeness=0.72, obeys=0.02)], (100, 1.0), "no longer heed"),
        (
            [cell(100), cell(200, likeness=0.71, drift=0.6)],
            (100, 1.0),
            "Later ones also change pictures in which the trigger word is not used",
        ),
        ([cell(100, 0.8), cell(100, 1.0, obeys=0.1)], (100, 0.8), "Stronger, it comes no closer."),
        ([cell(100, 0.8), cell(100, 1.0, drift=0.35)], (100, 0.8), "Stronger, it also changes"),
        ([cell(100, 0.8, likeness=0.69), cell(100, 1.0)], (100, 1.0), ""),  # hardly better: not for that
        ([cell(100, likeness=0.3)], (100, 1.0), "train longer"),
        ([cell(100, variety=0.1)], (100, 1.0), "nearly the same at every seed"),
        ([cell(100, drift=0.55)], (100, 1.0), "the trigger word is not used: train shorter, or use it"),
        ([cell(100, obeys=0.0)], (100, 1.0), "hardly heeds"),
    ],
)
def test_the_cell_that_learned_most_for_what_it_cost_is_recommended(
    cells: list[Cell], best: tuple[int, float], said: str
) -> None:
    choice = choose(cells, BASE, 0.5)
    assert (choice.cell.step, choice.cell.weight) == best
    assert said in choice.sentence
    assert choice.sentence.startswith(f"Best: checkpoint {best[0]} at strength {best[1]:g}.")
    assert len(choice.evidence) == 4


@pytest.mark.parametrize(
    ("steps", "count", "tried"),
    [([10], 3, [10]), ([10, 20, 30], 3, [10, 20, 30]), (list(range(10, 101, 10)), 3, [40, 70, 100])],
)
def test_the_checkpoints_that_are_tried_end_with_the_last(
    steps: list[int], count: int, tried: list[int]
) -> None:
    assert spread(steps, count) == tried


class ColourEyes:
    """Eyes that see nothing but the mean colour."""

    name = "colour eyes"

    def __init__(self, folder: Path, device: torch.device) -> None:
        pass

    def see(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        rows = [picture.convert("RGB").resize((1, 1)).getpixel((0, 0)) for picture in pictures]
        return torch.nn.functional.normalize(torch.tensor(rows, dtype=torch.float32) + 1, dim=-1)

    def read(self, texts: Sequence[str]) -> torch.Tensor:
        return torch.nn.functional.normalize(torch.ones(len(texts), 3), dim=-1)


def test_the_recommended_checkpoint_is_published_with_its_weight(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eyes_module, "find_eyes", lambda *_: Path("eyes"))
    monkeypatch.setattr(eyes_module, "Eyes", ColourEyes)
    run = small.run(verdict="quick", save_every=2, learning_rate=1e-2)
    said = small.train(run)
    verdict = json.loads((run.folder(small.workspace) / "verdict.json").read_text())
    with Image.open(run.folder(small.workspace) / "verdict.png") as sheet:
        assert sheet.height > sheet.width  # the base, and two checkpoints at three strengths
    told = small.told("verdict")[0].facts
    assert [told[name] for name in ("step", "weight", "sentence")] == [
        verdict[name] for name in ("step", "weight", "sentence")
    ]
    assert verdict["sentence"] in said
    assert {(each["step"], each["weight"]) for each in verdict["cells"]} == {
        (step, weight) for step in (2, 4) for weight in (0.6, 0.8, 1.0)
    }
    for each in (verdict["base"], *verdict["cells"]):
        assert [len(seeds) for seeds in each["pictures"]] == [2, 1, 1]
        pictures = run.folder(small.workspace) / "verdict"
        assert all((pictures / name).is_file() for seeds in each["pictures"] for name in seeds)
    lora = small.workspace.loras / "dots.safetensors"
    metadata = read_header(lora).metadata
    assert int(metadata["ss_steps"]) == verdict["step"]
    assert json.loads(metadata["studio_verdict"])["weight"] == verdict["weight"]
    assert json.loads(lora.with_suffix(".json").read_text())["preferred weight"] == verdict["weight"]
    assert len(list((run.folder(small.workspace) / "checkpoints").glob("*/lora.safetensors"))) == 2


def test_without_eyes_the_held_out_loss_decides_and_says_so(tmp_path: Path) -> None:
    small = make_small(tmp_path, pictures=12)
    small.train(small.run(verdict="quick", save_every=5, steps=10))
    assert "held-out loss" in " ".join(told.facts["text"] for told in small.told("note"))
    assert "kept apart" in small.told("verdict")[0].facts["sentence"]


def test_a_stop_during_the_verdict_leaves_only_the_verdict_out(small: Small) -> None:
    class Impatient(Context):
        request = "stop"

        def progress(self, step: int, total: int, message: str = "", **values: float) -> None:
            if message.startswith("Trying checkpoint"):
                (self.folder / self.request).touch()

    run = small.run(verdict="quick")
    context = Impatient(small.workspace, run, small.events.append)
    context.request = "pause"
    with pytest.raises(Paused):
        small.train(run, context)
    assert not small.told("lora")
    (run.folder(small.workspace) / "pause").unlink()
    context.request = "stop"
    assert "left out" in small.train(run, context)
    assert len(small.told("lora")) == 1


def test_a_file_that_does_not_give_back_what_was_trained_is_a_fault(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    conclude = conclusion.conclude

    def spoilt(change):  # type: ignore[no-untyped-def]
        def begin(context: Context, model: object, recipe: Recipe) -> str:
            path = context.folder / "checkpoints" / "step-000004" / "lora.safetensors"
            save_file(change(load_file(path)), path, metadata={"format": "pt"})
            return conclude(context, model, recipe)  # type: ignore[arg-type]

        return begin

    def foreign(tensors):  # type: ignore[no-untyped-def]
        return {name.replace("lora_unet_", "lora_unet_x", 1): each for name, each in tensors.items()}

    def other(tensors):  # type: ignore[no-untyped-def]
        return {name: each * (-1 if "up" in name else 1) for name, each in tensors.items()}

    for change, fault in ((foreign, AdapterError), (other, TrainingError)):
        monkeypatch.setattr(conclusion, "conclude", spoilt(change))
        with pytest.raises(fault):
            small.train(small.run(learning_rate=0.2, rank=8))
    assert not list(small.workspace.loras.glob("*.safetensors"))


def test_a_clip_is_found_beside_the_base_or_among_the_models(small: Small) -> None:
    from studio.models.source import resolve

    tiny, pocket = (resolve(name, small.workspace) for name in ("tiny", "pocket"))
    assert eyes_module.find_eyes(tiny, small.workspace) is None
    assert eyes_module.find_eyes(pocket, small.workspace) == pocket.path / "clip"
    for sibling in ("pocket-xl", "pocket-sd3", "pocket-flux"):
        found = eyes_module.find_eyes(resolve(sibling, small.workspace), small.workspace)
        assert found == pocket.path / "clip"
    (small.workspace.models / "my clip").symlink_to(pocket.path / "clip")
    assert eyes_module.find_eyes(tiny, small.workspace) == small.workspace.models / "my clip"
