from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.errors import AdapterError, Cancelled, ModelError, StudioError
from studio.families._base import Model
from studio.generate.opened import WARM
from studio.generate.recipe import read_recipe
from studio.jobs.events import Artifact, Event, Progress
from tests.adapters.loras import make_lora
from tests.generate.studio_run import Bench
from tests.tiny import SIDE, write_tiny_pipeline

SIZE = {"width": SIDE, "height": SIDE}


@pytest.fixture
def ink(bench: Bench, model: Model) -> Path:
    return make_lora(bench.workspace.loras / "ink.safetensors", model, seed=1)


@pytest.fixture
def fox(bench: Bench, model: Model) -> Path:
    return make_lora(bench.workspace.loras / "fox.safetensors", model, seed=2, where=lambda layer: True)


def mix(*weights: tuple[str, float]) -> list[dict[str, object]]:
    return [{"name": name, "weight": weight} for name, weight in weights]


def test_a_seed_gives_the_same_picture_again_and_another_seed_another(bench: Bench) -> None:
    (one,) = bench.paint(prompt="a fox", seed=5, **SIZE)
    (again,) = bench.paint(prompt="a fox", seed=5, **SIZE)
    (other,) = bench.paint(prompt="a fox", seed=6, **SIZE)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("sampler", ["auto", "euler_a"])
def test_a_picture_of_a_batch_is_the_picture_alone(bench: Bench, sampler: str) -> None:
    batch = bench.paint(prompt="a fox", seed=5, count=3, sampler=sampler, **SIZE)
    assert [artifact.facts["seed"] for artifact in bench.made()] == [5, 6, 7]
    (alone,) = bench.paint(prompt="a fox", seed=7, sampler=sampler, **SIZE)
    assert np.array_equal(batch[2], alone)
    assert not np.array_equal(batch[0], batch[1])


def test_the_picture_is_that_of_the_bare_pipeline(bench: Bench, model: Model) -> None:
    import torch

    (ours,) = bench.paint(prompt="a fox", negative="blue", seed=5, guidance=3, **SIZE)
    theirs = model.pipeline()(
        "a fox",
        negative_prompt="blue",
        num_inference_steps=4,
        guidance_scale=3,
        generator=torch.Generator().manual_seed(5),
        **SIZE,
    ).images[0]
    assert np.array_equal(ours, np.asarray(theirs))


def test_sliders_change_the_picture_and_zero_restores_it(bench: Bench, ink: Path, fox: Path) -> None:
    (bare,) = bench.paint(prompt="a fox", **SIZE)
    seen = [bare]
    for weights in ((0.5, 0.0), (0.5, 1.0), (-1.0, 0.3), (2.0, -2.0)):
        (picture,) = bench.paint(
            prompt="a fox", adapters=mix(("ink", weights[0]), ("fox", weights[1])), **SIZE
        )
        assert not any(np.array_equal(picture, other) for other in seen)
        seen.append(picture)
    (zero,) = bench.paint(prompt="a fox", adapters=mix(("ink", 0), ("fox", 0)), **SIZE)
    (without,) = bench.paint(prompt="a fox", **SIZE)
    assert np.array_equal(zero, bare)
    assert np.array_equal(without, bare)


def test_a_mix_is_what_diffusers_paints_with_the_same_adapters(
    bench: Bench, model: Model, ink: Path, fox: Path
) -> None:
    import torch

    (ours,) = bench.paint(prompt="a fox", seed=5, adapters=mix(("ink", 0.7), ("fox", -0.4)), **SIZE)
    (bare,) = bench.paint(prompt="a fox", seed=5, **SIZE)
    pipeline = model.pipeline()
    for path in (ink, fox):
        pipeline.load_lora_weights(path.parent, weight_name=path.name, adapter_name=path.stem)
    pipeline.set_adapters(["ink", "fox"], [0.7, -0.4])
    theirs = pipeline(
        "a fox",
        num_inference_steps=4,
        guidance_scale=model.family.defaults.guidance,
        generator=torch.Generator().manual_seed(5),
        **SIZE,
    ).images[0]
    assert np.abs(np.asarray(theirs).astype(int) - ours).max() <= 1
    assert np.abs(bare.astype(int) - ours).max() > 20


def test_a_lora_named_in_the_prompt_is_the_same_as_one_at_a_slider(bench: Bench, ink: Path) -> None:
    (slider,) = bench.paint(prompt="a fox", adapters=mix(("ink", 0.8)), **SIZE)
    (tag,) = bench.paint(prompt="a fox <lora:ink:0.8>", **SIZE)
    assert np.array_equal(slider, tag)


def test_the_weight_on_the_words_acts_on_the_text_encoder_alone(bench: Bench, ink: Path) -> None:
    both, words, neither = (
        bench.paint(prompt="a fox", adapters=[{"name": "ink", "weight": weight, "text": text}], **SIZE)[0]
        for weight, text in ((0.8, 0.8), (0, 0.8), (0, 0))
    )
    (bare,) = bench.paint(prompt="a fox", **SIZE)
    assert np.array_equal(neither, bare)
    assert not np.array_equal(words, bare)
    assert not np.array_equal(words, both)


def test_a_lora_trained_anew_under_its_name_is_used_at_once(bench: Bench, model: Model, ink: Path) -> None:
    (before,) = bench.paint(prompt="a fox", adapters=mix(("ink", 1)), **SIZE)
    ink.unlink()
    make_lora(ink, model, seed=3, rank=5)
    (after,) = bench.paint(prompt="a fox", adapters=mix(("ink", 1)), **SIZE)
    assert not np.array_equal(before, after)


def test_the_base_is_opened_once_and_a_prompt_encoded_once(
    bench: Bench, fox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.paint(prompt="a fox", **SIZE)
    model = WARM._opened.model
    encode, encoded = model.encode_prompts, []
    monkeypatch.setattr(model, "encode_prompts", lambda texts, **more: encoded.extend(texts) or encode(texts))
    bench.paint(prompt="a fox", seed=9, **SIZE)
    bench.paint(prompt="a hen", **SIZE)
    assert encoded == ["a hen"]
    bench.paint(prompt="a hen", adapters=mix(("fox", 0.5)), **SIZE)
    bench.paint(prompt="a hen", **SIZE)
    assert encoded == ["a hen", "a hen", ""]
    assert WARM._opened.model is model


def test_another_base_takes_the_place_of_the_first(bench: Bench, ink: Path, tmp_path: Path) -> None:
    (first,) = bench.paint(prompt="a fox", adapters=mix(("ink", 1)), **SIZE)
    other = write_tiny_pipeline(tmp_path / "other")
    (second,) = bench.paint(prompt="a fox", base=str(other), **SIZE)
    (bare,) = bench.paint(prompt="a fox", **SIZE)
    assert np.array_equal(second, bare)
    assert not np.array_equal(first, bare)


def test_stop_keeps_the_pictures_that_are_done(bench: Bench) -> None:
    def stop_after_two(event: Event) -> None:
        if len(bench.made()) == 2:
            (next(bench.workspace.runs.iterdir()) / "stop").touch()

    with pytest.raises(Cancelled):
        bench.run(stop_after_two, prompt="a fox", count=5, **SIZE)
    assert len(bench.made()) == 2
    assert all(Path(artifact.path).is_file() for artifact in bench.made())


def test_stop_takes_effect_at_the_next_step(bench: Bench) -> None:
    def stop_at_once(event: Event) -> None:
        if isinstance(event, Artifact):  # the first preview comes after the first step
            (next(bench.workspace.runs.iterdir()) / "stop").touch()

    with pytest.raises(Cancelled):
        bench.run(stop_at_once, prompt="a fox", steps=50, **SIZE)
    assert bench.made() == []
    assert max(event.step for event in bench.told if isinstance(event, Progress)) <= 2


def test_a_preview_is_shown_before_the_picture(bench: Bench) -> None:
    bench.run(prompt="a fox", **SIZE)
    first = bench.made("preview")[0]
    assert bench.told.index(first) < bench.told.index(bench.made()[0])
    assert Image.open(first.path).size == (SIDE, SIDE)


@pytest.mark.parametrize(
    ("values", "fault", "said"),
    [
        ({"adapters": mix(("ghost", 1))}, AdapterError, "no LoRA called “ghost”"),
        ({"prompt": "a fox <lora:ghost:0.5>"}, StudioError, "no LoRA called “ghost”"),
        ({"prompt": "a fox <lora:ghost:much>"}, StudioError, "<lora:ghost:much>"),
        ({"prompt": "a fox <lora:ghost:9>"}, StudioError, "<lora:ghost:9>” cannot be used. Weight: must be"),
        ({"base": "nowhere"}, ModelError, "no base model called “nowhere”"),
    ],
)
def test_what_is_not_there_gets_a_sentence(
    bench: Bench, values: dict[str, object], fault: type[StudioError], said: str
) -> None:
    with pytest.raises(fault, match=said):
        bench.run(**values)


def test_nothing_is_half_applied_when_one_adapter_is_refused(bench: Bench, ink: Path, tmp_path: Path) -> None:
    (bare,) = bench.paint(prompt="a fox", **SIZE)
    (bench.workspace.loras / "bad.safetensors").write_bytes(b"no adapter")
    with pytest.raises(AdapterError, match=r"bad\.safetensors is damaged"):
        bench.run(prompt="a fox", adapters=mix(("ink", 1), ("bad", 1)), **SIZE)
    (after,) = bench.paint(prompt="a fox", **SIZE)
    assert np.array_equal(after, bare)


def test_what_is_left_open_is_the_familys(bench: Bench, model: Model) -> None:
    bench.run(prompt="a fox", steps=0)
    values = read_recipe(Path(bench.made()[0].path)).values
    defaults = model.family.defaults
    assert values["width"] == values["height"] == defaults.resolution
    assert values["steps"] == defaults.steps
    assert values["guidance"] == defaults.guidance


def test_sizes_are_rounded_with_a_note(bench: Bench) -> None:
    (picture,) = bench.paint(prompt="a fox", width=60, height=1)
    assert picture.shape[:2] == (16, 64)
    assert "64 × 16" in bench.made("note")[0].facts["text"]


def test_a_random_seed_is_that_of_the_run(bench: Bench) -> None:
    bench.run(prompt="a fox", seed=-1, **SIZE)
    assert 0 <= bench.made()[0].facts["seed"] < 2**31


def test_the_recipe_of_a_picture_paints_it_again(bench: Bench, ink: Path) -> None:
    _, picture = bench.paint(
        prompt='a "fox", <b>bold</b>\n<lora:ink:0.8>', negative="blue: no", count=2, sampler="euler_a", **SIZE
    )
    path = Path(bench.made()[1].path)
    recipe = read_recipe(path)
    assert recipe.adapters[0].hash
    (again,) = bench.paint(**recipe.values)
    assert np.array_equal(again, picture)
