"""Counted bytes are those that one would write down by hand."""

from __future__ import annotations

import torch
from torch import nn

from studio.memory.counting import Counter

ROWS, WIDTH = 64, 128
SQUARE, BATCH = WIDTH * WIDTH * 4, ROWS * WIDTH * 4  # bytes of a weight, and of what flows through


def test_a_small_model_counts_what_its_tensors_are() -> None:
    with Counter("meta") as counter:
        with torch.device("meta"):
            model = nn.Sequential(
                nn.Linear(WIDTH, WIDTH, bias=False), nn.ReLU(), nn.Linear(WIDTH, WIDTH, bias=False)
            )
            given = torch.empty(ROWS, WIDTH)
        assert counter.live == 2 * SQUARE + BATCH
        with counter.phase("forward"):
            said = model(given)
        assert counter.live == 2 * SQUARE + 3 * BATCH  # the first layer's answer is not kept
        with counter.phase("backward"):
            said.sum().backward()
        gradients = 2 * SQUARE
        assert counter.live == 2 * SQUARE + gradients + 2 * BATCH
        assert counter.peaks["forward"] == 2 * SQUARE + 3 * BATCH
        assert counter.peaks["backward"] >= 2 * SQUARE + gradients + 3 * BATCH
        del said
        assert counter.live == 2 * SQUARE + gradients + BATCH


def test_views_count_once_and_a_small_tensor_takes_a_block() -> None:
    with Counter("meta") as counter:
        one = torch.empty(1, device="meta")
        views = [one.view(1, 1), one[:]]
        assert counter.live == 512
        del one, views
        assert counter.live == 0


def test_a_part_that_rests_does_not_count() -> None:
    with Counter("meta") as counter:
        layer = nn.Linear(WIDTH, WIDTH, bias=False, device="meta")
        counter.leave(layer)
        assert counter.live == 0
        counter.leave(layer)
        counter.enter(layer)
        counter.enter(layer)
        assert counter.live == SQUARE
        counter.leave(layer)
        del layer
        assert counter.live == 0


def test_numbers_that_code_asks_for_are_invented_without_weights() -> None:
    with Counter("meta"):
        assert bool(torch.empty(3, device="meta").isfinite().all())
        assert torch.empty((), device="meta").item() == 1.0
        assert torch.empty(4, device="meta").cpu().device.type == "cpu"


def test_real_tensors_count_alike() -> None:
    with Counter("cpu", rounded_to=1) as counter:
        layer = nn.Linear(WIDTH, WIDTH, bias=False)
        assert counter.live == SQUARE
        said = layer(torch.ones(ROWS, WIDTH))
        assert counter.live == SQUARE + 2 * BATCH
        del said
        assert counter.live == SQUARE
