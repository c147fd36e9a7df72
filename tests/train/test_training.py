"""What a person meets when they train, with good pictures and with bad ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from studio.adapters.metadata import AdapterFacts
from studio.adapters.naming import layer_table
from studio.adapters.reading import read_adapter
from studio.errors import Cancelled, DatasetError, ModelError, OutOfMemory, SettingsError, TrainingError
from studio.jobs.context import Context
from studio.models.opening import open_model
from studio.train import loop
from studio.train.metrics import read_metrics
from tests.train.studio_in_small import Small, draw_picture, make_small


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


def test_a_lora_appears_with_its_preview_and_its_recipe(small: Small) -> None:
    said = small.train(small.run(name="My: dots", trigger="zwx", alpha=3))
    lora = small.workspace.loras / "My dots.safetensors"
    assert "My dots" in said
    assert [Path(told.path) for told in small.told("lora")] == [lora]
    with Image.open(lora.with_suffix(".png")) as preview:
        assert preview.size == (64, 64)
    recipe = json.loads(lora.with_suffix(".json").read_text(encoding="utf-8"))
    assert recipe["activation text"] == "zwx"
    assert recipe["studio"]["settings"]["dataset"] == "dots"
    assert recipe["studio"]["pictures"]["0.png"] == "a picture of zwx dot"


def test_the_file_fits_the_base_it_was_trained_on_and_says_what_it_is(small: Small) -> None:
    small.train(small.run(alpha=3))
    model = open_model("tiny", small.workspace, device=torch.device("cpu"))
    adapter = read_adapter(small.workspace.loras / "dots.safetensors", layer_table(model))
    facts = AdapterFacts.from_metadata(adapter.metadata)
    assert adapter.receipt.layers == sum(adapter.receipt.matched.values())
    assert adapter.receipt.ranks == (2,)
    assert adapter.receipt.alphas == (3.0,)
    assert (facts.trigger, facts.pictures, facts.base, facts.steps) == ("sks", 4, "tiny", 4)
    assert facts.base_hash == model.base_hash
    assert json.loads(adapter.metadata["ss_tag_frequency"]) == {"dots": {"a picture of sks dot": 4}}


def test_a_lora_of_the_same_name_is_not_overwritten(small: Small) -> None:
    for _ in range(2):
        small.train(small.run())
    assert {path.name for path in small.workspace.loras.glob("*.safetensors")} == {
        "dots.safetensors",
        "dots 2.safetensors",
    }


def test_samples_come_at_the_start_in_between_and_at_the_end(small: Small) -> None:
    small.train(small.run(steps=5, sample_every=2, sample_prompts="a dot\n\n a cat "))
    assert [(told.facts["step"], told.facts["prompt"]) for told in small.told("sample")] == [
        (step, prompt) for step in (0, 2, 4, 5) for prompt in ("a dot", "a cat")
    ]


def test_every_tenth_of_the_steps_is_saved_and_each_step_written_down(small: Small) -> None:
    run = small.run(steps=20)
    small.train(run)
    assert [told.facts["step"] for told in small.told("checkpoint")] == list(range(2, 21, 2))
    assert [line["step"] for line in read_metrics(run.folder(small.workspace))] == list(range(1, 21))


def test_damaged_pictures_are_told_and_left_out(small: Small) -> None:
    folder = small.workspace.datasets / "dots"
    (folder / "text.png").write_text("no picture")
    (folder / "empty.jpg").touch()
    small.train(small.run())
    notes = " ".join(told.facts["text"] for told in small.told("note"))
    assert "text.png" in notes
    assert "empty.jpg" in notes
    assert json.loads((small.workspace.loras / "dots.json").read_text())["studio"]["pictures"].keys() == {
        f"{number}.png" for number in range(4)
    }


def test_one_picture_is_enough(tmp_path: Path) -> None:
    small = make_small(tmp_path, pictures=1)
    small.train(small.run(batch_size=2))
    assert (small.workspace.loras / "dots.safetensors").exists()


def test_no_picture_is_too_few(tmp_path: Path) -> None:
    small = make_small(tmp_path, pictures=0)
    with pytest.raises(DatasetError, match="dots"):
        small.train(small.run())


def test_pictures_of_all_shapes_train_together(small: Small) -> None:
    folder = small.workspace.datasets / "dots"
    draw_picture(folder / "wide.png", "black", (300, 100))
    draw_picture(folder / "tall.png", "black", (90, 200))
    small.train(small.run(steps=8, batch_size=2))
    assert len(small.told("lora")) == 1


def test_pictures_that_are_too_small_are_told(small: Small) -> None:
    draw_picture(small.workspace.datasets / "dots" / "small.png", "black", (40, 40))
    small.train(small.run())
    assert "small.png is smaller" in small.told("note")[0].facts["text"]


def test_captions_are_trained_behind_the_trigger_word(small: Small) -> None:
    folder = small.workspace.datasets / "dots"
    (folder / "0.txt").write_text("a red dot")
    small.train(small.run(captions="captions"))
    pictures = json.loads((small.workspace.loras / "dots.json").read_text())["studio"]["pictures"]
    assert pictures["0.png"] == "sks, a red dot"
    assert pictures["1.png"] == "a picture of sks dot"


def test_a_missing_base_is_told_before_anything_begins(small: Small) -> None:
    with pytest.raises(ModelError, match="nobody"):
        small.train(small.run(base="nobody"))


def test_a_loss_that_is_no_number_stops_at_once(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    run = small.run(save_every=1)
    numbers = iter([0.1, 0.2, float("nan")])
    true_loss = loop.objective.loss
    monkeypatch.setattr(loop.objective, "loss", lambda *a, **k: true_loss(*a, **k) * 0 + next(numbers))
    with pytest.raises(TrainingError, match="step 3"):
        small.train(run)
    assert [told.facts["step"] for told in small.told("checkpoint")] == [1, 2]


def test_too_little_memory_is_told_with_a_remedy(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loop.objective, "loss", full)
    with pytest.raises(OutOfMemory, match="smaller batch"):
        small.train(small.run())


def test_stop_while_the_pictures_are_prepared(small: Small) -> None:
    run = small.run()

    class Impatient(Context):
        def progress(self, step: int, total: int, message: str = "", **values: float) -> None:
            if message.startswith("Preparing picture 2"):
                self._stop.touch()

    with pytest.raises(Cancelled):
        small.train(run, Impatient(small.workspace, run, small.events.append))
    (run.folder(small.workspace) / "stop").unlink()
    small.train(run)
    assert len(small.told("lora")) == 1


def test_half_precision_without_a_card_is_refused_by_its_field(small: Small) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a card")
    with pytest.raises(SettingsError) as fault:
        small.train(small.run(precision="fp16"))
    assert fault.value.field == "precision"


def test_bfloat16_trains_on_the_processor_with_weights_in_float32(small: Small) -> None:
    run = small.run(precision="bf16", steps=2)
    small.train(run)
    state = torch.load(
        run.folder(small.workspace) / "checkpoints" / "step-000002" / "state.pt", weights_only=True
    )
    assert {weight.dtype for weight in state["network"].values()} == {torch.float32}
