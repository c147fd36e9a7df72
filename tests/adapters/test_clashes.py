from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.adapters.clashes import clash_map, inner_product, subspace_overlap
from studio.adapters.factors import Delta, Factors
from studio.adapters.force import equal_force, force, total_force
from studio.adapters.layers import DENOISER, Layer
from studio.adapters.mixing import Mixer, Portion
from studio.adapters.reading import Adapter
from studio.adapters.suggesting import Suggestion, suggest
from studio.families._base import Model
from tests.adapters.families import table
from tests.adapters.loras import attention, make_lora, random_change, random_factors, read_lora

LAYERS = [layer for layer in table("sd1").layers if attention(layer) and layer.part == DENOISER][:12]


def adapter(name: str, changes: dict[Layer, Delta]) -> Adapter:
    from studio.adapters.metadata import AdapterFacts
    from studio.adapters.receipt import Receipt

    return Adapter(name, changes, {}, Receipt(name, "", AdapterFacts(), len(changes), {}, (), (), ()))


def weight_of(layer: Layer) -> torch.Tensor:
    return torch.ones(layer.shape)


@pytest.mark.parametrize("kinds", [("LoRA", "LoRA"), ("LoRA", "LoHa"), ("LoKr", "full"), ("LoRA", "DoRA")])
def test_products_of_changes_are_those_of_the_whole_matrices(kinds: tuple[str, str]) -> None:
    dice = torch.Generator().manual_seed(0)
    one, other = (random_change(kind, (16, 12), dice) for kind in kinds)
    weight = torch.randn(16, 12, generator=dice)
    wanted = float((one.delta(weight).double() * other.delta(weight).double()).sum())
    assert inner_product(one, other, weight) == pytest.approx(wanted, rel=1e-4, abs=1e-5)


def test_overlap_is_one_with_itself_and_nought_with_what_is_at_right_angles() -> None:
    one, other, half = torch.eye(8)[:, :2], torch.eye(8)[:, 2:4], torch.eye(8)[:, 1:3]
    assert subspace_overlap(one, one) == pytest.approx(1)
    assert subspace_overlap(one, other) == 0
    assert subspace_overlap(one, half) == pytest.approx((0.5 - 0.25) / 0.75)  # a quarter is chance


def test_loras_that_began_at_one_seed_do_not_clash_by_that() -> None:
    one, other = (random_factors(LAYERS, seed=seed) for seed in (1, 2))
    same_inputs: dict[Layer, Delta] = {
        layer: Factors(one[layer].down, other[layer].up, 2.0) for layer in LAYERS
    }
    told = clash_map([adapter("a", dict(one)), adapter("b", same_inputs)], weight_of)
    assert told.pairs[0, 1].heat < 1
    assert told.sentences() == []


def test_a_colliding_pair_is_ranked_above_an_independent_one() -> None:
    first = dict(random_factors(LAYERS, seed=1))
    noise = random_factors(LAYERS, seed=2, size=0.05)
    near: dict[Layer, Delta] = {
        layer: Factors(each.down + noise[layer].down, each.up + noise[layer].up, each.alpha)
        for layer, each in first.items()
    }
    apart = dict(random_factors(LAYERS, seed=3))
    told = clash_map([adapter("a", dict(first)), adapter("b", near), adapter("c", dict(apart))], weight_of)
    assert told.pairs[0, 1].cosine > 0.8 > 0.2 > abs(told.pairs[0, 2].cosine)
    assert told.pairs[0, 1].overlap > told.pairs[0, 2].overlap
    assert told.sentences()[0].startswith("“a” and “b” fight over the same layers")
    square = told.matrix("cosine")
    assert square[1][0] == square[0][1] == told.pairs[0, 1].cosine and square[2][2] == 1
    assert set(told.strips[0, 1]) <= set(told.blocks)


def test_adapters_of_different_layers_do_not_clash() -> None:
    parts = [dict(random_factors(part, seed=1)) for part in (LAYERS[:6], LAYERS[6:])]
    told = clash_map([adapter(name, dict(part)) for name, part in zip("ab", parts, strict=True)], weight_of)
    assert told.pairs[0, 1] == (0, 0)
    assert told.sentences() == []


def test_force_is_the_size_of_the_change_by_that_of_the_weights() -> None:
    (layer,) = LAYERS[:1]
    change = random_factors([layer])[layer]
    portion = Portion(adapter("a", {layer: change}), -0.5)
    wanted = 0.5 * float(change.delta(weight_of(layer)).norm() / weight_of(layer).norm())
    ((told,),) = [list(each.values()) for each in force([portion], weight_of)]
    assert told == pytest.approx(wanted, rel=1e-4)
    assert total_force(portion, weight_of) == pytest.approx(wanted, rel=1e-4)


def test_at_equal_force_a_weak_adapter_gets_the_larger_weight() -> None:
    weak = adapter("weak", dict(random_factors(LAYERS, seed=1, size=0.1)))
    strong = adapter("strong", dict(random_factors(LAYERS, seed=1, size=0.12)))
    weights = equal_force([weak, strong], weight_of)
    assert weights[0] > 1 > weights[1]
    forces = [total_force(Portion(a, w), weight_of) for a, w in zip((weak, strong), weights, strict=True)]
    assert forces[0] == pytest.approx(forces[1], rel=1e-3)


def test_force_is_measured_against_the_weights_before_any_mix(tmp_path: Path, model: Model) -> None:
    ink = read_lora(make_lora(tmp_path / "ink.safetensors", model), model)
    mixer = Mixer(model)
    before = total_force(Portion(ink, 1.0), mixer.original)
    mixer.apply([(ink, 2.0)])
    assert total_force(Portion(ink, 1.0), mixer.original) == before


def test_a_search_finds_the_better_mix_with_few_pictures() -> None:
    painted: list[Suggestion] = []

    def score(tried: Suggestion) -> float:
        painted.append(tried)
        early = tried.windows[1] == (0.4, 1.0)
        return early - abs(tried.weights[0] - 0.9) - abs(tried.weights[1] - 0.5)

    found = suggest([0.6, 1.0], score, tries=60)
    assert len(painted) == len(found) <= 60
    assert found[0].score > found[-1].score and found[0].score >= max(each.score for each in found)
    assert abs(found[0].weights[0] - 0.9) < 0.1 and abs(found[0].weights[1] - 0.5) < 0.1
    assert found[0].windows[1] == (0.4, 1.0)
    assert [each.weights for each in suggest([0.6, 1.0], score, tries=60)] == [e.weights for e in found]
