"""The layers that kohya's trainer teaches, key by key, of the full-size models.

The names are written out here from the architectures as they were published: 192 layers of the denoiser for
SD 1.x and 2.x, 722 for SDXL, 304 for FLUX.1; six for each layer of a CLIP text encoder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import pytest

from studio.adapters.layers import DENOISER, layers_of
from studio.adapters.naming import LayerTable
from studio.families import FAMILIES
from tests.families.test_sizes import empty_part

TRANSFORMER = (
    *(f"{attn}_{part}" for attn in ("attn1", "attn2") for part in ("to_q", "to_k", "to_v", "to_out_0")),
    *("ff_net_0_proj", "ff_net_2"),
)
CLIP = (*(f"self_attn_{each}_proj" for each in ("q", "k", "v", "out")), "mlp_fc1", "mlp_fc2")
STREAM = ("attn_qkv", "attn_proj", "mlp_0", "mlp_2", "mod_lin")
JOINT = ("attn_qkv", "attn_proj", "mlp_fc1", "mlp_fc2", "adaLN_modulation_1")


def spatial(blocks: Iterable[tuple[str, int]]) -> Iterator[str]:
    """A UNet's transformers: the block's name, and how many layers deep."""
    for name, depth in blocks:
        yield from (f"{name}_proj_in", f"{name}_proj_out")
        for layer, each in product(range(depth), TRANSFORMER):
            yield f"{name}_transformer_blocks_{layer}_{each}"


def sd1() -> Iterator[str]:
    """SD 1.x and 2.x have diffusers' names."""
    blocks = [f"down_blocks_{block}_attentions_{at}" for block in range(3) for at in range(2)]
    blocks += ["mid_block_attentions_0"]
    blocks += [f"up_blocks_{block}_attentions_{at}" for block in (1, 2, 3) for at in range(3)]
    return spatial((name, 1) for name in blocks)


def sdxl() -> Iterator[str]:
    """SDXL has the original names, and transformers two and ten layers deep."""
    blocks = {4: 2, 5: 2, 7: 10, 8: 10}
    yield from spatial((f"input_blocks_{number}_1", depth) for number, depth in blocks.items())
    yield from spatial([("middle_block_1", 10)])
    yield from spatial((f"output_blocks_{number}_1", 10 if number < 3 else 2) for number in range(6))


def sd3() -> Iterator[str]:
    """24 joint blocks; 13 of medium's have a second attention, and the last gives no words on."""
    for block in range(24):
        yield from (f"joint_blocks_{block}_x_block_{each}" for each in JOINT)
        if block < 13:
            yield from (f"joint_blocks_{block}_x_block_attn2_{each}" for each in ("qkv", "proj"))
        words = JOINT if block < 23 else ("attn_qkv", "adaLN_modulation_1")
        yield from (f"joint_blocks_{block}_context_block_{each}" for each in words)


def flux() -> Iterator[str]:
    """19 blocks with two streams, 38 with one."""
    for block, stream, each in product(range(19), ("img", "txt"), STREAM):
        yield f"double_blocks_{block}_{stream}_{each}"
    for block, each in product(range(38), ("linear1", "linear2", "modulation_lin")):
        yield f"single_blocks_{block}_{each}"


def clip(prefix: str, layers: int) -> Iterator[str]:
    """A CLIP text encoder."""
    for layer, each in product(range(layers), CLIP):
        yield f"{prefix}_text_model_encoder_layers_{layer}_{each}"


DENOISERS = {
    "sd1": (sd1, 192),
    "sd2": (sd1, 192),
    "sdxl": (sdxl, 722),
    "sd3": (sd3, None),
    "flux": (flux, 304),
}
ENCODERS = {
    "sd1": {"text_encoder": ("lora_te", 12)},
    "sd2": {"text_encoder": ("lora_te", 23)},  # the last of the 24 is not used, and not there in diffusers
    "sdxl": {"text_encoder": ("lora_te1", 12), "text_encoder_2": ("lora_te2", 32)},
    "flux": {"text_encoder": ("lora_te1", 12)},
}


@pytest.mark.parametrize("name", DENOISERS)
def test_every_layer_of_the_denoiser_has_kohyas_key(name: str) -> None:
    names, count = DENOISERS[name]
    wanted = {f"lora_unet_{each}" for each in names()}
    assert count in (None, len(wanted))
    family: Any = FAMILIES.get(name)
    denoiser = "transformer" if "transformer" in family.parts else "unet"
    table = LayerTable(name, layers_of(DENOISER, empty_part(family, denoiser)), {})
    keys = {key for key, _ in table.kohya_places()}
    assert wanted - keys == set()
    assert [key for key in keys - wanted if "attn" in key] == []
    for key in wanted:
        assert table.find(key) is not None


@pytest.mark.parametrize(
    ("name", "part"), [(name, part) for name, parts in ENCODERS.items() for part in parts]
)
def test_every_layer_of_a_text_encoder_has_kohyas_key(name: str, part: str) -> None:
    prefix, layers = ENCODERS[name][part]
    table = LayerTable(name, layers_of(part, empty_part(FAMILIES.get(name), part)), {part: prefix})
    keys = {key for key, _ in table.kohya_places() if "_encoder_layers_" in key}
    assert keys == set(clip(prefix, layers))
