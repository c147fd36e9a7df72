"""A card with little room: guidance's two questions one after the other say what they say together."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.generate.rows import one_by_one
from studio.memory.sampling import latents_shape
from studio.models.identify import identify
from studio.models.source import Source
from tests.families.small import write_small


@pytest.mark.parametrize("name", ("sd1", "sdxl", "sd3", "flux"))
def test_rows_by_turns_are_the_whole_batch(name: str, tmp_path: Path) -> None:
    source = Source("folder", str(write_small(name, tmp_path / "base")), "base")
    model = identify(source).open(source, device=torch.device("cpu"), dtype=torch.float32)
    latents = torch.randn(
        (2, *latents_shape(model, (64, 64))[1:]), generator=torch.Generator().manual_seed(0)
    )
    with torch.no_grad():
        told = model.encode_prompts(["a dot", "a red house by the sea"])
        timesteps = torch.full((2,), 500)
        together = model.predict(latents, timesteps, told)
        one_by_one(model.denoiser)
        largest = _rows_seen(model.denoiser)
        by_turns = model.predict(latents, timesteps, told)
    torch.testing.assert_close(by_turns, together, atol=1e-5, rtol=1e-4)
    assert max(largest) == 1


def _rows_seen(denoiser: torch.nn.Module) -> list[int]:
    """How many rows a layer within gets, each time it works."""
    seen: list[int] = []
    layer = next(each for each in denoiser.modules() if isinstance(each, torch.nn.Linear))
    layer.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    return seen
