"""Packed weights: they learn what they would each by itself, and stay what they are to the model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from studio.train.optimizers import OPTIMIZERS
from studio.train.packing import BLOCK, Pack, packed

SHAPES = ((16, 320), (70, 9), (16, 4), (5000,))
ONE_BY_ONE = tuple(name for name in OPTIMIZERS.names() if OPTIMIZERS.get(name).one_by_one)
SETTINGS: Any = SimpleNamespace(learning_rate=1e-2, weight_decay=0.01)


def weights() -> list[nn.Parameter]:
    """Weights of several sizes, the same ones each time."""
    chance = torch.Generator().manual_seed(1)
    return [nn.Parameter(torch.randn(shape, generator=chance)) for shape in SHAPES]


def give_gradients(some: list[nn.Parameter], step: int, scale: float = 1.0) -> None:
    chance = torch.Generator().manual_seed(step)
    for number, weight in enumerate(some):
        gradient = torch.randn(weight.shape, generator=chance) * 10.0 ** -(number + 1)
        weight.grad = gradient * scale


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_packed_weights_learn_what_they_would_each_by_itself(name: str) -> None:
    plain, bound = weights(), weights()
    alone = OPTIMIZERS.get(name).build([{"params": plain}], SETTINGS)
    packs, groups = packed([{"params": bound}])
    together = OPTIMIZERS.get(name).build(groups, SETTINGS)
    for step in range(20):
        for some in (plain, bound):
            give_gradients(some, step)
        for pack in packs:
            pack.gather()
        for optimizer in (alone, together):
            optimizer.step()
            optimizer.zero_grad()
    for one, other in zip(plain, bound, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_large_weights_are_remembered_in_8_bits_and_small_ones_in_32(name: str) -> None:
    packs, groups = packed([{"params": weights()}])
    optimizer = OPTIMIZERS.get(name).build(groups, SETTINGS)
    for pack in packs:
        pack.whole.grad = torch.ones_like(pack.whole)
    optimizer.step()
    kinds = {pack.whole.numel(): optimizer.state[pack.whole]["state1"].dtype for pack in packs}
    assert kinds == {16 * 320 + 5120: torch.uint8, 768 + BLOCK: torch.float32}


def test_each_group_keeps_its_learning_rate_and_packs_of_its_own() -> None:
    one, other = weights(), weights()
    packs, groups = packed([{"params": one}, {"params": other[:1], "lr": 3e-4}])
    assert [group.get("lr") for group in groups] == [None, None, 3e-4]
    assert sum(len(pack.weights) for pack in packs) == 5


def test_where_no_weight_learned_anything_nothing_is_corrected() -> None:
    pack = Pack(weights())
    pack.gather()
    assert pack.whole.grad is None
    give_gradients(list(pack.weights[:1]), 1)
    pack.gather()
    assert pack.whole.grad is not None
    assert int(pack.whole.grad.count_nonzero()) == 16 * 320
    assert all(weight.grad is None for weight in pack.weights)


def test_a_weight_that_is_loaded_again_is_still_part_of_its_pack() -> None:
    pack = Pack(weights())
    before = float(pack.whole.detach().sum())
    pack.weights[0].data.copy_(pack.weights[0].data + 1)
    assert float(pack.whole.detach().sum()) - before == pytest.approx(16 * 320, rel=1e-3)
