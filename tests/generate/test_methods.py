from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio.adapters.mixing import Portion
from studio.errors import SettingsError
from studio.families._base import Model
from studio.generate.methods import METHODS
from studio.generate.settings import Mix
from studio.generate.stepping import window
from tests.adapters.loras import attention, make_lora, read_lora
from tests.generate.studio_run import Bench
from tests.tiny import SIDE

SIZE: dict[str, Any] = {"width": SIDE, "height": SIDE, "prompt": "a fox", "seed": 5}


@pytest.fixture(autouse=True)
def two(bench: Bench, model: Model) -> None:
    for number, name in enumerate(("ink", "fox")):
        make_lora(bench.workspace.loras / f"{name}.safetensors", model, seed=number + 1)


def given(**more: object) -> list[dict[str, object]]:
    return [{"name": "ink", "weight": 0.9, **more}, {"name": "fox", "weight": 0.7}]


def same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other))


def test_off_mute_and_solo_are_as_if_the_others_were_not_there(bench: Bench) -> None:
    (alone,) = bench.paint(adapters=[{"name": "fox", "weight": 0.7}], **SIZE)
    (both,) = bench.paint(adapters=given(), **SIZE)
    assert not same(alone, both)
    assert same(bench.paint(adapters=given(on=False), **SIZE)[0], alone)
    assert same(bench.paint(adapters=given(mute=True), **SIZE)[0], alone)
    solo = [{"name": "ink", "weight": 0.9}, {"name": "fox", "weight": 0.7, "solo": True}]
    assert same(bench.paint(adapters=solo, **SIZE)[0], alone)


def test_a_window_over_all_steps_is_none_and_a_narrow_one_changes_the_picture(bench: Bench) -> None:
    (always,) = bench.paint(adapters=given(), **SIZE)
    (early,) = bench.paint(adapters=given(end=0.5), **SIZE)
    (soft,) = bench.paint(adapters=given(end=0.5, soft=0.5), **SIZE)
    (again,) = bench.paint(adapters=given(end=0.5), **SIZE)
    (never,) = bench.paint(adapters=given(start=1, end=1, text=0), **SIZE)
    assert not same(always, early) and not same(early, soft)
    assert same(early, again)
    assert same(never, bench.paint(adapters=[{"name": "fox", "weight": 0.7}], **SIZE)[0])


@pytest.mark.parametrize(
    ("where", "mix", "wanted"),
    [
        (0.05, {}, 1),
        (0.3, {"start": 0.5}, 0),
        (0.5, {"start": 0.5}, 1),
        (0.5, {"start": 0.5, "soft": 0.2}, 0.5),
        (0.55, {"start": 0.5, "soft": 0.2}, 0.75),
        (0.05, {"soft": 0.5}, 1),
        (0.95, {"soft": 0.5}, 1),
        (0.7, {"end": 0.6, "soft": 0.4}, 0.25),
    ],
)
def test_a_window_opens_and_closes(where: float, mix: dict[str, float], wanted: float) -> None:
    assert window(Mix(name="x", **mix), where) == pytest.approx(wanted)


def test_blocks_limit_where_an_adapter_acts(bench: Bench) -> None:
    (everywhere,) = bench.paint(adapters=given(), **SIZE)
    (middle,) = bench.paint(adapters=given(blocks="mid, text"), **SIZE)
    (nowhere,) = bench.paint(adapters=given(blocks="mid=0"), **SIZE)
    assert not same(everywhere, middle)
    assert same(nowhere, bench.paint(adapters=[{"name": "fox", "weight": 0.7}], **SIZE)[0])
    with pytest.raises(SettingsError, match="Blocks: “cellar”"):
        bench.paint(adapters=given(blocks="cellar"), **SIZE)


@pytest.mark.parametrize("method", METHODS.names())
def test_every_method_leaves_nothing_behind(bench: Bench, method: str) -> None:
    (bare,) = bench.paint(**SIZE)
    (mixed,) = bench.paint(adapters=given(role="style"), method=method, **SIZE)
    (again,) = bench.paint(adapters=given(role="style"), method=method, **SIZE)
    assert same(mixed, again)
    assert not same(mixed, bare)
    assert same(bench.paint(**SIZE)[0], bare)
    assert all(entry.about.endswith(".") for entry in METHODS)


def test_of_one_adapter_every_method_makes_the_same(bench: Bench) -> None:
    alone = [{"name": "ink", "weight": 0.9}]
    pictures = [bench.paint(adapters=alone, method=method, **SIZE)[0] for method in METHODS.names()]
    assert all(same(picture, pictures[0]) for picture in pictures)


def portions(tmp_path: Path, model: Model) -> list[Portion]:
    found = []
    for number, role in enumerate(("subject", "style")):
        path = make_lora(tmp_path / f"{role}.safetensors", model, where=attention, seed=number)
        found.append(Portion(read_lora(path, model), 1.0, role=role))
    return found


def test_switch_takes_turns(tmp_path: Path, model: Model) -> None:
    at = METHODS.get("switch").begin(portions(tmp_path, model), 20)
    heard = [[portion.weight for portion in at(step)[0]] for step in range(8)]
    assert heard == [[1, 0]] * 2 + [[0, 1]] * 2 + [[1, 0]] * 2 + [[0, 1]] * 2


def test_composite_is_the_mean_of_what_each_predicts_alone(tmp_path: Path, model: Model) -> None:
    from studio.adapters.mixing import Mixer
    from studio.generate.stepping import Stepping

    both = portions(tmp_path, model)
    mixes = [Mix(name="a"), Mix(name="b")]
    mixer = Mixer(model)
    told = model.encode_prompts(["a fox"])
    noise = torch.randn(1, 4, 8, 8)

    def predict() -> torch.Tensor:
        with torch.no_grad():
            return model.predict(noise, torch.tensor([300]), told)

    alone = []
    for index in (0, 1):
        mixer.apply([portion.times(float(number == index)) for number, portion in enumerate(both)])
        alone.append(predict())
    stepping = Stepping(mixer, both, mixes, method="composite", steps=4)
    stepping.begin(0)
    with stepping.listening(model.denoiser):
        together = predict()
    torch.testing.assert_close(together, (alone[0] + alone[1]) / 2)


def test_k_lora_gives_each_layer_to_one_of_the_two_and_the_style_gains(tmp_path: Path, model: Model) -> None:
    both = portions(tmp_path, model)
    at = METHODS.get("k-lora").begin(both, 10)
    styles = []
    for step in (0, 9):
        (mix,) = at(step)
        layers = [layer for layer in both[0].adapter.changes if layer.part == "denoiser"]
        shares = [[portion.share(layer) for portion in mix] for layer in layers]
        assert all(sorted(pair) == [0, 1] for pair in shares)
        styles.append(sum(pair[1] for pair in shares))
    assert styles[0] < styles[1]
