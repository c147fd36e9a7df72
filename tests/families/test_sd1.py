"""Stable Diffusion 1: from a folder, from an original file without any network, and what else it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from studio.errors import ModelError
from studio.families import FAMILIES
from studio.families.sd1 import CONFIGS, StableDiffusion1
from studio.models.identify import identify
from studio.models.layout import Entry, Layout
from studio.models.source import Source
from tests.families.originals import write_checkpoint
from tests.tiny import write_tiny_pipeline

CPU: dict[str, Any] = {"device": torch.device("cpu"), "dtype": torch.float32}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion 1 with its true text width and next to nothing else."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("sd1") / "small"
    text = json.loads((CONFIGS / "sd1/text_encoder/config.json").read_text())
    StableDiffusionPipeline(
        tokenizer=CLIPTokenizer.from_pretrained(CONFIGS / "sd1/tokenizer"),
        text_encoder=CLIPTextModel(
            CLIPTextConfig(**{**text, "num_hidden_layers": 1, "intermediate_size": 8})
        ),
        vae=AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(4, 4, 8, 8),
            norm_num_groups=4,
            layers_per_block=2,
            latent_channels=4,
        ),
        unet=UNet2DConditionModel(
            block_out_channels=(8, 16),
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=768,
            attention_head_dim=2,
            norm_num_groups=4,
            layers_per_block=2,
        ),
        scheduler=PNDMScheduler.from_config(PNDMScheduler.load_config(CONFIGS / "sd1/scheduler")),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(path)
    return path


class Small(StableDiffusion1):
    """The family, with configurations of the small one for single files."""

    def __init__(self, configs: Path) -> None:
        self.configs = configs


def checkpoint(folder: Path, target: Path, **extra: torch.Tensor) -> Source:
    pipeline = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    write_checkpoint(pipeline, target)
    if extra:
        save_file({**load_file(target), **extra}, target)
    return Source("file", str(target), target.stem)


def test_a_single_file_paints_what_its_folder_paints(folder: Path, tmp_path: Path) -> None:
    source = checkpoint(folder, tmp_path / "model.safetensors")
    assert identify(source).name == "sd1"
    models = [Small(folder).open(each, **CPU) for each in (source, Source("folder", str(folder), "small"))]
    painted = [
        model.pipeline()(
            "a fox", width=64, height=64, num_inference_steps=2, generator=torch.Generator().manual_seed(1),
            output_type="np",
        ).images
        for model in models
    ]  # fmt: skip
    assert (painted[0] == painted[1]).all()


def test_prompts_are_encoded_as_the_pipeline_does(folder: Path) -> None:
    model = FAMILIES.get("sd1").open(Source("folder", str(folder), "small"), **CPU)
    theirs, _ = model.pipeline().encode_prompt("a red fox", torch.device("cpu"), 1, False)
    ours = model.encode_prompts(["a red fox"])["prompt_embeds"]
    assert ours.shape == (1, 77, 768)
    assert torch.allclose(ours, theirs, atol=1e-6)


def test_a_picture_survives_its_latents_in_shape_and_scale(folder: Path) -> None:
    model: Any = FAMILIES.get("sd1").open(Source("folder", str(folder), "small"), **CPU)
    pixels = torch.rand(1, 3, 64, 32) * 2 - 1
    latents = model.encode_pictures(pixels)
    assert latents.shape == (1, 4, 8, 4)
    assert torch.allclose(latents, model.vae.encode(pixels).latent_dist.mean * 0.18215)
    assert model.decode_latents(latents).shape == pixels.shape


def test_a_file_that_says_it_predicts_v_is_believed(folder: Path, tmp_path: Path) -> None:
    marks = {"v_pred": torch.zeros(1), "ztsnr": torch.zeros(1)}
    model = Small(folder).open(checkpoint(folder, tmp_path / "v.safetensors", **marks), **CPU)
    config = model.schedule().config
    assert (config.prediction_type, config.rescale_betas_zero_snr) == ("v_prediction", True)
    assert config.beta_schedule == "scaled_linear"


@pytest.mark.parametrize(
    ("lacking", "told"), [("first_stage_model.", "a VAE"), ("cond_stage_model.", "a text encoder")]
)
def test_a_file_without_a_part_is_named(folder: Path, tmp_path: Path, lacking: str, told: str) -> None:
    source = checkpoint(folder, tmp_path / "part.safetensors")
    save_file(
        {name: value for name, value in load_file(source.path).items() if not name.startswith(lacking)},
        source.path,
    )
    with pytest.raises(ModelError, match=f"part is not a complete model. It lacks {told}"):
        Small(folder).open(source, **CPU)


@pytest.mark.parametrize(
    "lacking", ["input_blocks.1.0.in_layers.2.weight", "ln_final", "layers.0.mlp.fc1.weight"]
)
def test_a_file_without_a_weight_is_told(folder: Path, tmp_path: Path, lacking: str) -> None:
    source = checkpoint(folder, tmp_path / "holes.safetensors")
    lacking = {"ln_final": "final_layer_norm.weight"}.get(lacking, lacking)
    kept = {name: value for name, value in load_file(source.path).items() if not name.endswith(lacking)}
    save_file(kept, source.path)
    with pytest.raises(ModelError, match="holes is not a complete model"):
        Small(folder).open(source, **CPU)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_folder_without_a_part_is_told(folder: Path, tmp_path: Path, part: str) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(copy / part)
    with pytest.raises(ModelError, match=part):
        FAMILIES.get("sd1").open(Source("folder", str(copy), "copy"), **CPU)


def test_a_folder_with_a_hole_in_its_weights_is_told(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    file = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    weights.pop("conv_in.weight")
    save_file(weights, file)
    with pytest.raises(ModelError, match="conv_in"):
        FAMILIES.get("sd1").open(Source("folder", str(copy), "copy"), **CPU)


def test_the_miniature_and_full_size_models_are_told_apart_by_their_weights(
    folder: Path, tmp_path: Path
) -> None:
    tiny = write_tiny_pipeline(tmp_path / "stable-diffusion-v1-5")
    assert identify(Source("folder", str(tiny), "x")).name == "pocket"
    assert identify(Source("folder", str(folder), "pocket")).name == "sd1"


def reads(width: int, prefix: str = "model.diffusion_model.input_blocks.1.1.") -> dict[str, Any]:
    return {
        f"{prefix}transformer_blocks.0.attn2.to_k.weight": Entry((320, width), "F16"),
        "model.diffusion_model.input_blocks.0.0.weight": Entry((320, 4, 3, 3), "F16"),
    }


@pytest.mark.parametrize(
    ("entries", "family"),
    [
        (reads(768), "sd1"),
        (reads(192), "pocket"),
        (reads(1024), "sd2"),
        (reads(2048), "sdxl"),
        ({**reads(768), "model.diffusion_model.input_blocks.0.0.weight": Entry((320, 9, 3, 3), "F16")}, None),
        ({"lora_unet_x_attn2.to_k.weight": Entry((320, 768), "F16")}, None),
    ],
)
def test_families_are_recognised_by_names_and_shapes(entries: dict[str, Entry], family: str | None) -> None:
    layout = Layout("x", entries, {})
    assert [each.name for each in FAMILIES if each.recognises(layout)] == ([family] if family else [])


def test_the_shipped_configuration_is_that_of_the_full_size_model() -> None:
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(CONFIGS / "sd1/unet"))
        vae = AutoencoderKL.from_config(AutoencoderKL.load_config(CONFIGS / "sd1/vae"))
        text = CLIPTextModel(CLIPTextConfig.from_pretrained(CONFIGS / "sd1/text_encoder"))
    count = [sum(weight.numel() for weight in part.parameters()) for part in (unet, vae, text)]
    assert count == [859_520_964, 83_653_863, 123_060_480]


def test_the_shipped_tokenizer_is_clips() -> None:
    tokenizer = CLIPTokenizer.from_pretrained(CONFIGS / "sd1/tokenizer")
    words = tokenizer("A photo of an astronaut riding a horse", padding="max_length", max_length=12).input_ids
    assert words == [49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 49407, 49407, 49407]
