"""What a network would be on a base, said before anything is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from studio.adapters.factors import Dora
from studio.adapters.keying import by_layer, kohya_changes
from studio.adapters.layers import DENOISER
from studio.adapters.naming import layer_table
from studio.families import FAMILIES
from studio.families._base import Model
from studio.families._original_paths import unet_path
from studio.models.identify import identify
from studio.models.layout import read_layout
from studio.models.source import resolve
from studio.networks import NETWORKS
from studio.networks._base import OVERHEAD
from studio.workspace import Workspace
from tests.families.originals import write_checkpoint
from tests.families.small import write_small
from tests.networks.put_in import attach, settings, write

NAMES = NETWORKS.names()
FILES = [("lora", {"blocks": "up"}), ("locon", {"text_learning_rate": 1e-4})]
DESCRIBED = [*((name, {}) for name in NAMES), ("lora", {"initialization": "olora"}), ("lokr", {"rank": 2}),
             ("locon", {"rank": 40}), ("loha", {"blocks": "up"}), ("dora", {"text_learning_rate": 1e-4}),
             ("locon", {"text_learning_rate": 1e-4})]  # fmt: skip


@pytest.mark.parametrize(("name", "values"), DESCRIBED, ids=str)
def test_the_form_says_beforehand_what_it_will_be(
    model: Model, tiny: Path, workspace: Workspace, tmp_path: Path, name: str, values: dict[str, Any]
) -> None:
    told = NETWORKS.get(name).describe(
        read_layout(resolve(str(tiny), workspace)), model.family, settings(**values)
    )
    encoders = model.text_encoders.values() if "text_learning_rate" in values else ()
    whole = [weight for part in (model.denoiser, *encoders) for weight in part.parameters()]
    attached = attach(model, name, **values)
    written = write(tmp_path / "a.safetensors", model, attached, torch.float16).stat().st_size
    assert told.trained == sum(weight.numel() for weight in attached.weights.values())
    assert told.layers == len(attached.factors()) + sum(map(len, attached.text_factors().values()))
    assert told.whole == pytest.approx(sum(weight.numel() for weight in whole), rel=0.05)
    assert told.size_bytes == pytest.approx(written, rel=0.12)
    assert f"{told.layers} layers" in told.sentence()


@pytest.mark.parametrize("family", ["sd3", "flux", "z-image"])
@pytest.mark.parametrize("name", ["lora", "locon", "dora"])
def test_a_file_that_joins_layers_is_as_large_as_was_said(
    name: str, family: str, workspace: Workspace, tmp_path: Path
) -> None:
    source = resolve(str(write_small(family, tmp_path / family)), workspace)
    model = identify(source).open(source, device=torch.device("cpu"), dtype=torch.float32)
    told = NETWORKS.get(name).describe(read_layout(source), model.family, settings())
    table = layer_table(model)
    changes = by_layer({DENOISER: NETWORKS.get(name).attach(model, settings()).factors()}, table)
    kept = [vars(each.core) | vars(each) if isinstance(each, Dora) else vars(each)
            for each in kohya_changes(changes, table).values()]  # fmt: skip
    numbers = sum(each.numel() for one in kept for each in one.values() if isinstance(each, torch.Tensor))
    assert told.size_bytes == 2 * numbers + told.layers * NETWORKS.get(name).tensors * OVERHEAD


@pytest.mark.parametrize(("name", "values"), FILES)
def test_a_checkpoint_in_one_file_is_described_as_the_folder_is(
    model: Model, tiny: Path, tmp_path: Path, workspace: Workspace, name: str, values: dict[str, Any]
) -> None:
    file = write_checkpoint(model.pipeline(), tmp_path / "tiny.safetensors")
    told = [
        NETWORKS.get(name).describe(
            read_layout(resolve(str(each), workspace)), FAMILIES.get("sd1"), settings(**values)
        )
        for each in (file, tiny)
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("original", "path"),
    [
        ("input_blocks.0.0", "conv_in"),
        ("input_blocks.2.1.proj_in", "down_blocks.0.attentions.1.proj_in"),
        ("input_blocks.5.0.in_layers.2", "down_blocks.1.resnets.1.conv1"),
        ("input_blocks.6.0.op", "down_blocks.1.downsamplers.0.conv"),
        ("middle_block.2.out_layers.3", "mid_block.resnets.1.conv2"),
        ("middle_block.1.proj_in", "mid_block.attentions.0.proj_in"),
        ("output_blocks.8.2.conv", "up_blocks.2.upsamplers.0.conv"),
        ("output_blocks.2.1.conv", "up_blocks.0.upsamplers.0.conv"),
    ],
)
def test_layers_of_an_original_checkpoint_have_their_opened_names(original: str, path: str) -> None:
    assert unet_path(original) == path
