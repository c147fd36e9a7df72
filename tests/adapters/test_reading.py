from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from studio.adapters.factors import Factors
from studio.adapters.layers import DENOISER, Layer
from studio.adapters.naming import LayerTable, kohya_key, layer_table
from studio.adapters.original_names import original_names
from studio.adapters.reading import read_adapter
from studio.errors import AdapterError
from studio.families import FAMILIES
from studio.families._base import Model
from tests.adapters.loras import PREFIXES, attention, make_lora, random_factors, read_lora
from tests.bench.fuzz_reader import fuzz

RANK = 3
ENDS = {
    "kohya": (".lora_down.weight", ".lora_up.weight"),
    "peft": (".lora_A.weight", ".lora_B.weight"),
    "old diffusers": (".lora.down.weight", ".lora.up.weight"),
}


def stored(factors: Mapping[Layer, Factors], name: object, ends: str) -> dict[str, Tensor]:
    assert callable(name)
    down, up = ENDS[ends]
    tensors = {f"{name(layer)}{down}": each.down for layer, each in factors.items()}
    return tensors | {f"{name(layer)}{up}": each.up for layer, each in factors.items()}


def kohya(layer: Layer) -> str:
    return kohya_key(PREFIXES[layer.part], layer.path)


def diffusers(layer: Layer) -> str:
    return f"{'unet' if layer.part == DENOISER else layer.part}.{layer.path}"


def packed(alpha: float, **more: object) -> dict[str, str]:
    """Alpha as diffusers keeps it."""
    config = {"lora_alpha": alpha, "r": RANK, **more}
    parts = ("unet", "text_encoder")
    return {
        "lora_adapter_metadata": json.dumps(
            {f"{part}.{key}": value for part in parts for key, value in config.items()}
        )
    }


@pytest.mark.parametrize(
    ("name", "ends", "metadata", "alpha"),
    [
        (kohya, "kohya", {}, RANK),
        (kohya, "kohya", {"ss_network_alpha": "1.5"}, 1.5),
        (kohya, "kohya", {"ss_network_alpha": "None", "ss_network_dim": "Dynamic"}, RANK),
        (diffusers, "peft", {}, RANK),
        (diffusers, "peft", packed(2), 2),
        (diffusers, "peft", packed(2, use_rslora=True), 2 * math.sqrt(RANK)),
        (diffusers, "peft", packed(2, alpha_pattern={"attn1.to_q": 2, "self_attn.q_proj": 2}), 2),
        (diffusers, "old diffusers", {}, RANK),
    ],
)
def test_a_lora_acts_the_same_whoever_wrote_it(
    tmp_path: Path, model: Model, name: object, ends: str, metadata: dict[str, str], alpha: float
) -> None:
    layers = [layer for layer in layer_table(model).layers if attention(layer)]
    factors = random_factors(layers, rank=RANK)
    path = tmp_path / "theirs.safetensors"
    save_file(stored(factors, name, ends), path, metadata=metadata)
    adapter = read_lora(path, model)
    assert adapter.changes.keys() == factors.keys()
    for layer, each in adapter.changes.items():
        assert torch.equal(each.down, factors[layer].down)
        assert torch.equal(each.up, factors[layer].up)
        assert each.alpha == pytest.approx(alpha)


def test_an_alpha_of_its_own_counts_for_the_layers_that_a_pattern_names(tmp_path: Path, model: Model) -> None:
    layers = [layer for layer in layer_table(model).layers if attention(layer) and layer.part == DENOISER]
    path = tmp_path / "theirs.safetensors"
    save_file(
        stored(random_factors(layers), diffusers, "peft"),
        path,
        metadata=packed(2, alpha_pattern={"attn1.to_q": 9}),
    )
    for layer, each in read_lora(path, model).changes.items():
        assert each.alpha == (9 if layer.path.endswith(".attn1.to_q") else 2)


def test_alpha_of_a_peft_folder_is_in_the_file_beside(tmp_path: Path, model: Model) -> None:
    layers = [layer for layer in layer_table(model).layers if attention(layer) and layer.part == DENOISER]
    path = tmp_path / "adapter_model.safetensors"
    save_file(stored(random_factors(layers), lambda each: f"base_model.model.{each.path}", "peft"), path)
    (tmp_path / "adapter_config.json").write_text('{"lora_alpha": 7, "r": 3}')
    assert {each.alpha for each in read_lora(path, model).changes.values()} == {7}


def test_a_file_with_the_original_block_names_is_read(tmp_path: Path, model: Model) -> None:
    layers = [layer for layer in layer_table(model).layers if layer.part == DENOISER]
    names = original_names([layer.path for layer in layers])
    factors = random_factors(layers)
    path = tmp_path / "sdxl-like.safetensors"
    save_file(stored(factors, lambda each: kohya_key("lora_unet", names[each.path]), "kohya"), path)
    assert read_lora(path, model).changes.keys() == factors.keys()


def test_a_convolution_of_one_pixel_fits_a_linear_layer(tmp_path: Path) -> None:
    table = LayerTable("a model", [Layer(DENOISER, "proj_in", (6, 4))], {})
    path = tmp_path / "conv.safetensors"
    down, up = torch.randn(2, 4, 1, 1), torch.randn(6, 2, 1, 1)
    save_file({"lora_unet_proj_in.lora_down.weight": down, "lora_unet_proj_in.lora_up.weight": up}, path)
    (factors,) = read_adapter(path, table).changes.values()
    delta = factors.delta(torch.zeros(6, 4))
    torch.testing.assert_close(delta, up[:, :, 0, 0] @ down[:, :, 0, 0])


def test_a_lora_for_another_base_is_refused_with_the_figures(tmp_path: Path, model: Model) -> None:
    path = make_lora(tmp_path / "ink.safetensors", model, metadata={"ss_base_model_version": "sd_v1"})
    half = [layer for layer in layer_table(model).layers if layer.part == DENOISER]
    total = len(read_lora(path, model).changes)
    matching = sum(attention(layer) for layer in half)
    with pytest.raises(AdapterError) as fault:
        read_adapter(path, LayerTable("Another base", half, {}))
    assert f"{matching} of its {total} layers" in str(fault.value)
    assert "“ink” does not fit Another base" in str(fault.value)
    assert f"“{FAMILIES.get('sd1').title}”" in str(fault.value)


def test_a_lora_of_another_width_is_refused(tmp_path: Path, model: Model) -> None:
    path = make_lora(tmp_path / "wide.safetensors", model)
    wide = [
        Layer(each.part, each.path, (2 * each.shape[0], *each.shape[1:]))
        for each in layer_table(model).layers
    ]
    with pytest.raises(AdapterError, match="0 of its"):
        read_adapter(path, LayerTable("a wide base", wide, model.family.text_prefixes))


GOOD = {
    "lora_unet_x.lora_down.weight": torch.ones(2, 4),
    "lora_unet_x.lora_up.weight": torch.ones(4, 2),
    "lora_unet_x.alpha": torch.tensor(1.0),
}
TABLE = LayerTable("a model", [Layer(DENOISER, "x", (4, 4))], {})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lora_unet_x.lora_up.weight": None}, "lora_unet_x do not belong together"),
        ({"lora_unet_x.lora_up.weight": torch.ones(4, 3)}, "do not belong together"),
        ({"lora_unet_x.lora_up.weight": torch.ones(4)}, "do not belong together"),
        ({"lora_unet_x.lora_down.weight": torch.ones(2, 0)}, "do not belong together"),
        ({"lora_unet_x.lora_up.weight": torch.ones(4, 2).long()}, "kind of numbers"),
        ({"lora_unet_x.alpha": torch.ones(3)}, "kind of numbers"),
        ({"lora_unet_x.alpha": torch.tensor(math.nan)}, "not finite"),
        ({"lora_unet_x.lora_down.weight": torch.full((2, 4), math.inf)}, "not finite"),
        ({"lora_unet_x.dora_scale": torch.ones(3, 1)}, "does not fit a model"),
        ({"lora_unet_x.hada_w1_a": torch.ones(4, 1)}, "do not belong together"),
        ({"lora_unet_x.oft_blocks": torch.ones(4, 1, 1)}, "of the kind OFT"),
        ({"conv_in.weight": torch.ones(4, 4, 3, 3)}, "of the kind whole model"),
        ({"string_to_param": torch.ones(4, 1)}, "of the kind textual inversion"),
        ({"nonsense": torch.ones(4, 1)}, "no part of a LoRA"),
        ({"lora_unet_x.lora_A.weight": torch.ones(2, 4)}, "twice"),
        ({key.replace("lora_unet_", "unet."): value.clone() for key, value in GOOD.items()}, "twice"),
        (dict.fromkeys(GOOD), "nothing in it"),
        ({"../../x.lora_up.weight": torch.ones(4, 2)}, "the layer ../../x do not belong together"),
    ],
)
def test_a_file_that_cannot_be_right_gets_a_sentence(
    tmp_path: Path, changed: dict[str, Tensor | None], said: str
) -> None:
    path = tmp_path / "odd.safetensors"
    tensors = {key: value for key, value in {**GOOD, **changed}.items() if value is not None}
    save_file(tensors, path)
    with pytest.raises(AdapterError) as fault:
        read_adapter(path, TABLE)
    assert said in str(fault.value)
    assert "odd" in str(fault.value)


def bytes_of(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def announced(shape: object, start: object = 0, end: object = 16) -> dict[str, object]:
    return {"x.lora_up.weight": {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cut off"),
        (b"PK\x03\x04 a zip", "cut off"),
        (struct.pack("<Q", 2**60) + b"{}", "cut off"),
        (struct.pack("<Q", 17 * 2**20) + b" " * (17 * 2**20 + 8), "far larger"),
        (bytes_of(b"{" * 100_000), "cannot be read"),
        (bytes_of(b'{"a":' * 100_000), "cannot be read"),
        (bytes_of(b"\xff\xfe"), "cannot be read"),
        (bytes_of([1, 2]), "cannot be read"),
        (bytes_of({"x": 1}), "cannot be read"),
        (bytes_of(announced([2, 2]), bytes(15)), "cut off"),
        (bytes_of(announced([2, 2]), bytes(17)), "follows its end"),
        (bytes_of(announced([2, 2], 8, 24), bytes(24)), "overlap or leave gaps"),
        (bytes_of(announced([2, 3]), bytes(16)), "cannot be read"),
        (bytes_of(announced([-2, -2]), bytes(16)), "cannot be read"),
        (bytes_of(announced([2.0, 2]), bytes(16)), "cannot be read"),
        (bytes_of(announced([10**4000] * 1000), bytes(16)), "cannot be read"),
        (bytes_of(announced("22"), bytes(16)), "cannot be read"),
        (bytes_of({f"k{i}": announced([0], 0, 0)["x.lora_up.weight"] for i in range(100_000)}), "20,000"),
        (bytes_of({"__metadata__": {"a": "b"}}), "nothing in it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_safetensors_gets_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "odd.safetensors"
    path.write_bytes(content)
    with pytest.raises(AdapterError) as fault:
        read_adapter(path, TABLE)
    assert said in str(fault.value)


def test_other_formats_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "old.pt"
    path.write_bytes(b"whatever")
    with pytest.raises(AdapterError, match=r"Only \.safetensors"):
        read_adapter(path, TABLE)


def test_a_file_mutated_at_random_is_read_or_refused() -> None:
    outcomes, _, _ = fuzz(400, seed=1)
    assert outcomes["read"] + outcomes["refused"] == 400
    assert min(outcomes.values()) > 0
