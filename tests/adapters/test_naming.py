from __future__ import annotations

import pytest
import torch

from studio.adapters.layers import DENOISER, Layer, whole
from studio.adapters.naming import DENOISER_PREFIX, LayerTable, kohya_key, layer_table
from studio.adapters.original_names import original_names
from studio.families._base import Model

TO_Q = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"


@pytest.mark.parametrize(
    ("prefix", "path", "key"),
    [
        ("lora_unet", TO_Q, "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"),
        ("lora_unet", "mid_block.attentions.0.proj_in", "lora_unet_mid_block_attentions_0_proj_in"),
        ("lora_te", "encoder.layers.3.mlp.fc1", "lora_te_text_model_encoder_layers_3_mlp_fc1"),
        ("lora_te1", "text_model.encoder.layers.3.mlp.fc1", "lora_te1_text_model_encoder_layers_3_mlp_fc1"),
        ("lora_te2", "text_projection", "lora_te2_text_projection"),
        (
            "lora_te3",
            "encoder.block.0.layer.0.SelfAttention.q",
            "lora_te3_encoder_block_0_layer_0_SelfAttention_q",
        ),
    ],
)
def test_a_layer_is_called_what_kohyas_trainer_calls_it(prefix: str, path: str, key: str) -> None:
    assert kohya_key(prefix, path) == key


def test_every_layer_of_a_model_is_found_again_by_its_names(model: Model) -> None:
    table = layer_table(model)
    for layer in table.layers:
        prefix = DENOISER_PREFIX if layer.part == DENOISER else model.family.text_prefixes[layer.part]
        component = "unet" if layer.part == DENOISER else layer.part
        assert table.find(kohya_key(prefix, layer.path)) == whole(layer)
        assert table.find(f"{component}.{layer.path}") == whole(layer)
    assert table.find("base_model.model.mid_block.attentions.0.proj_in") is not None
    assert table.find("text_encoder.text_model.encoder.layers.0.mlp.fc1") is not None
    assert table.find("lora_te_encoder_layers_0_mlp_fc1") is not None
    assert table.find("lora_unet_no_such_layer") is None


def test_the_original_names_of_sdxl_are_those_that_diffusers_converts() -> None:
    from diffusers import UNet2DConditionModel
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    config = {
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "block_out_channels": (32, 64, 64),
        "layers_per_block": 2,
        "transformer_layers_per_block": (1, 2, 3),
        "attention_head_dim": 8,
        "cross_attention_dim": 16,
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 24,
        "class_embed_type": None,
    }
    with torch.device("meta"):
        unet = UNet2DConditionModel(**config)
    paths = [n for n, m in unet.named_modules() if isinstance(m, torch.nn.Linear | torch.nn.Conv2d)]
    names = original_names(paths)
    names_and_norm = {**names, "conv_norm_out": "out.0"}
    checkpoint = {
        f"model.diffusion_model.{name}.{end}": path
        for path, name in names_and_norm.items()
        for end in ("weight", "bias")
    }
    converted = convert_ldm_unet_checkpoint(checkpoint, config)

    assert sorted(names) == sorted(paths)
    for path in paths:
        assert converted[f"{path}.weight"] == path


def test_a_file_with_original_names_finds_its_layers() -> None:
    path = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    resnets = [f"down_blocks.{i}.resnets.{j}.conv1" for i in range(3) for j in range(2)]
    table = LayerTable("SDXL", [Layer(DENOISER, p, (4, 4)) for p in [path, *resnets]], {})
    found = table.find("lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q")
    assert found is not None
    assert found.parts[0][0].path == path
