"""Whether a Stable Diffusion 2 predicts epsilon or v, when its one file does not say so plainly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from studio.families._predicts import TELLING
from studio.models.identify import identify
from studio.models.layout import Layout
from studio.models.source import Source

WIDE, NARROW = torch.tensor([-0.2, 0.2]), torch.tensor([-0.02, 0.02])


def checkpoint(folder: Path, telling: torch.Tensor, metadata: Mapping[str, str], mark: bool) -> Source:
    """A file with no more than what tells the family and its prediction."""
    tensors = {
        "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": torch.zeros(2, 1024),
        "model.diffusion_model.input_blocks.0.0.weight": torch.zeros(2, 4, 3, 3),
        TELLING: telling,
    }
    save_file(
        {**tensors, **({"v_pred": torch.zeros(1)} if mark else {})}, folder / "x.safetensors", dict(metadata)
    )
    return Source("file", str(folder / "x.safetensors"), "x")


@pytest.mark.parametrize(
    ("telling", "metadata", "mark", "beside", "resolution"),
    [
        (WIDE, {}, False, None, 768),
        (NARROW, {}, False, None, 512),
        (WIDE.half(), {}, False, None, 768),
        (WIDE.bfloat16(), {}, False, None, 768),
        (NARROW.bfloat16(), {}, False, None, 512),
        (NARROW, {}, True, None, 768),
        (NARROW, {"modelspec.prediction_type": "v"}, False, None, 768),
        (WIDE, {"modelspec.prediction_type": "epsilon"}, False, None, 512),
        (WIDE, {"modelspec.architecture": "stable-diffusion-v2-512"}, False, None, 512),
        (NARROW, {}, False, 'model:\n  params:\n    parameterization: "v"\n', 768),
        (WIDE, {}, True, "model:\n  params:\n    timesteps: 1000\n", 512),
    ],
)
def test_what_a_person_wrote_counts_before_what_the_weights_suggest(
    tmp_path: Path,
    telling: torch.Tensor,
    metadata: Mapping[str, str],
    mark: bool,
    beside: str | None,
    resolution: int,
) -> None:
    source = checkpoint(tmp_path, telling, metadata, mark)
    if beside is not None:
        (tmp_path / "x.yaml").write_text(beside)
    family = identify(source)
    assert (family.name, family.defaults.resolution) == ("sd2", resolution)


@pytest.mark.parametrize(
    ("kind", "architecture"),
    [("epsilon", "stable-diffusion-v2-512"), ("v_prediction", "stable-diffusion-v2-768-v")],
)
def test_a_folder_says_it_in_its_scheduler(tmp_path: Path, kind: str, architecture: str) -> None:
    source = checkpoint(tmp_path, NARROW, {}, False)
    from studio.families import FAMILIES
    from studio.models.layout import read_layout

    layout = Layout("x", read_layout(source).entries, {"scheduler": {"prediction_type": kind}})
    family = FAMILIES.get("sd2").variant(Source("folder", "x", "x"), layout)
    assert family.architecture == architecture
