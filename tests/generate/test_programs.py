"""A corpus of recipes, made by hand after each program's published format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from studio.errors import PictureError
from studio.generate.recipe import read_recipe

FORGE = """a red fox <lora:ink:0.8>, snow
Negative prompt: blurred
Steps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: 7, \
Size: 896x1152, Model hash: 4610115bb0, Model: flux1-dev, Lora hashes: "ink: 0123456789ab", \
Version: f2.0.1v1.10.1, Module 1: ae"""

HIRES = """a fox
Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 3, Size: 512x512, Model: v1-5, \
Clip skip: 2, Denoising strength: 0.45, Hires upscale: 2, Hires steps: 10, Hires upscaler: 4x-UltraSharp, \
Variation seed: 11, Variation seed strength: 0.2, Version: v1.10.1"""

CIVITAI = """a fox <lora:ink:1>
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 3, Size: 512x512, Clip skip: 1, \
Hashes: {"model": "31e35c80fc", "lora:ink": "a1b2c3d4e5"}"""

INVOKE = {
    "generation_mode": "sdxl_txt2img",
    "positive_prompt": "a (red)1.3 fox++ in (snow)-",
    "negative_prompt": "blurred",
    "width": 1024,
    "height": 768,
    "seed": 42,
    "rand_device": "cpu",
    "cfg_scale": 6.5,
    "cfg_rescale_multiplier": 0.7,
    "steps": 30,
    "scheduler": "dpmpp_2m_k",
    "clip_skip": 0,
    "model": {"key": "a", "hash": "blake3:00", "name": "juggernaut", "base": "sdxl", "type": "main"},
    "loras": [{"model": {"key": "b", "hash": "blake3:11", "name": "ink", "base": "sdxl"}, "weight": 0.75}],
    "app_version": "5.4.0",
}

INVOKE_2 = {
    "model": "stable diffusion",
    "model_weights": "stable-diffusion-1.5",
    "app_version": "2.3.5",
    "image": {
        "prompt": [{"prompt": "a red fox [blurred]", "weight": 1.0}],
        "steps": 25,
        "cfg_scale": 7.5,
        "seed": 5,
        "width": 512,
        "height": 640,
        "sampler": "k_euler_a",
    },
}

FOOOCUS = {
    "adm_guidance": "(1.5, 0.8, 0.3)",
    "base_model": "juggernautXL_v8Rundiffusion",
    "base_model_hash": "aeb7e9e689",
    "clip_skip": 2,
    "full_negative_prompt": ["blurred", "photo"],
    "full_prompt": ["cinematic still a red fox . emotional", "a red fox"],
    "guidance_scale": 4,
    "loras": [["ink.safetensors", 0.1, "4852686128"]],
    "metadata_scheme": "fooocus",
    "negative_prompt": "blurred",
    "performance": "Speed",
    "prompt": "a red fox",
    "refiner_model": "None",
    "resolution": "(896, 1152)",
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "123",
    "sharpness": 2,
    "steps": 30,
    "styles": "['Fooocus V2', 'Fooocus Cinematic']",
    "version": "Fooocus v2.5.5",
}

COMFY: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            **{"seed": ["20", 0], "steps": 24, "cfg": 6.5, "sampler_name": "dpmpp_2m_sde_gpu"},
            **{"scheduler": "exponential", "denoise": 1, "model": ["11", 0], "positive": ["6", 0]},
            **{"negative": ["7", 0], "latent_image": ["5", 0]},
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "xl\\dreamshaper.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 768, "height": 512, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a (red:1.2) fox", "clip": ["12", 0]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurred", "clip": ["12", 0]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "ComfyUI"}},
    "10": {
        "class_type": "LoraLoader",
        "inputs": {
            **{"lora_name": "ink.safetensors", "strength_model": 0.8, "strength_clip": 0.5},
            **{"model": ["4", 0], "clip": ["4", 1]},
        },
    },
    "11": {
        "class_type": "LoraLoaderModelOnly",
        "inputs": {"lora_name": "style/water.safetensors", "strength_model": 0.3, "model": ["10", 0]},
    },
    "12": {"class_type": "CLIPSetLastLayer", "inputs": {"stop_at_clip_layer": -2, "clip": ["10", 1]}},
    "20": {"class_type": "PrimitiveInt", "inputs": {"value": 99}},
}

COMFY_FLUX: dict[str, Any] = {
    "1": {"class_type": "RandomNoise", "inputs": {"noise_seed": 17}},
    "2": {"class_type": "BasicGuider", "inputs": {"model": ["4", 0], "conditioning": ["7", 0]}},
    "3": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
    "4": {
        "class_type": "UNETLoader",
        "inputs": {"unet_name": "flux1-dev.safetensors", "weight_dtype": "default"},
    },
    "5": {
        "class_type": "BasicScheduler",
        "inputs": {"scheduler": "simple", "steps": 20, "denoise": 1, "model": ["4", 0]},
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["9", 0]}},
    "7": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["6", 0]}},
    "8": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 1024, "batch_size": 1}},
    "9": {"class_type": "DualCLIPLoader", "inputs": {"clip_name1": "t5xxl.safetensors", "type": "flux"}},
    "10": {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {
            **{"noise": ["1", 0], "guider": ["2", 0], "sampler": ["3", 0], "sigmas": ["5", 0]},
            **{"latent_image": ["8", 0]},
        },
    },
}

CORPUS: list[tuple[str, dict[str, str], dict[str, Any], list[tuple[str, float, float | None, str]], str]] = [
    (
        "Forge",
        {"parameters": FORGE},
        {
            "prompt": "a red fox , snow",
            "guidance": 3.5,
            "sampler": "euler",
            "schedule": "simple",
            "width": 896,
        },
        [("ink", 0.8, None, "0123456789ab")],
        "flux1-dev",
    ),
    (
        "A1111",
        {"parameters": HIRES},
        {
            **{"upscale": 2, "upscale_strength": 0.45, "upscaler": "lanczos", "clip_skip": 2},
            **{"variation": 0.2, "variation_seed": 11, "schedule": "karras"},
        },
        [],
        "v1-5",
    ),
    ("A1111", {"parameters": CIVITAI}, {"sampler": "euler_a"}, [("ink", 1, None, "a1b2c3d4e5")], ""),
    (
        "InvokeAI",
        {"invokeai_metadata": json.dumps(INVOKE)},
        {
            **{"prompt": "a (red:1.3) (fox:1.21) in (snow:0.9)", "negative": "blurred", "rescale": 0.7},
            **{"width": 1024, "height": 768, "seed": 42, "steps": 30, "guidance": 6.5},
            **{"sampler": "dpmpp_2m", "schedule": "karras"},
        },
        [("ink", 0.75, None, "blake3:11")],
        "juggernaut",
    ),
    (
        "InvokeAI",
        {"sd-metadata": json.dumps(INVOKE_2)},
        {"prompt": "a red fox", "negative": "blurred", "sampler": "euler_a", "height": 640, "seed": 5},
        [],
        "stable-diffusion-1.5",
    ),
    (
        "Fooocus",
        {"parameters": json.dumps(FOOOCUS), "fooocus_scheme": "fooocus"},
        {
            **{"prompt": "cinematic still a red fox . emotional, a red fox", "negative": "blurred, photo"},
            **{"width": 896, "height": 1152, "seed": 123, "guidance": 4, "clip_skip": 2},
            **{"sampler": "dpmpp_2m_sde", "schedule": "karras"},
        },
        [("ink", 0.1, None, "4852686128")],
        "juggernautXL_v8Rundiffusion",
    ),
    (
        "ComfyUI",
        {"prompt": json.dumps(COMFY), "workflow": "{}"},
        {
            **{"prompt": "a (red:1.2) fox", "negative": "blurred", "seed": 99, "steps": 24, "guidance": 6.5},
            **{"width": 768, "height": 512, "clip_skip": 2, "sampler": "dpmpp_2m_sde"},
            **{"schedule": "exponential"},
        },
        [("ink", 0.8, 0.5, ""), ("water", 0.3, None, "")],
        "dreamshaper",
    ),
    (
        "ComfyUI",
        {"prompt": json.dumps(COMFY_FLUX)},
        {
            **{"prompt": "a red fox", "seed": 17, "steps": 20, "guidance": 3.5, "width": 1024},
            **{"sampler": "euler", "schedule": "simple"},
        },
        [],
        "flux1-dev",
    ),
]


def picture(path: Path, texts: dict[str, str]) -> Path:
    chunks = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        chunks.add_text(name, text)
    Image.new("RGB", (8, 8)).save(path, pnginfo=chunks)
    return path


@pytest.mark.parametrize(("program", "texts", "values", "adapters", "model"), CORPUS)
def test_pictures_of_other_programs_are_read_rightly(
    tmp_path: Path,
    program: str,
    texts: dict[str, str],
    values: dict[str, Any],
    adapters: list[tuple[str, float, float | None, str]],
    model: str,
) -> None:
    recipe = read_recipe(picture(tmp_path / "one.png", texts))
    assert recipe.program == program
    assert {name: recipe.values.get(name) for name in values} == values
    assert [(used.name, used.weight, used.text, used.hash) for used in recipe.adapters] == adapters
    assert recipe.model == model


def test_a_second_sampler_of_comfyui_is_named_and_the_first_is_read(tmp_path: Path) -> None:
    second = {**COMFY["3"]["inputs"], "latent_image": ["21", 0], "denoise": 0.5, "seed": 4, "steps": 9}
    graph = {
        "21": {"class_type": "LatentUpscaleBy", "inputs": {"samples": ["3", 0], "scale_by": 2}},
        "30": {"class_type": "KSampler", "inputs": second},
        **COMFY,
    }
    recipe = read_recipe(picture(tmp_path / "one.png", {"prompt": json.dumps(graph)}))
    assert recipe.values["steps"] == 24
    assert "second pass" in " ".join(recipe.notes)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"invokeai_metadata": json.dumps({**INVOKE, "scheduler": "warp"})}, "no sampler “warp”"),
        ({"parameters": "x\nSteps: 4, Sampler: Euler, Schedule type: Polar, Seed: 1"}, "no schedule “Polar”"),
        (
            {"parameters": "x\nSteps: 4, Sampler: Euler, Denoising strength: 0.5, Seed: 1"},
            "began with a picture",
        ),
        ({"parameters": json.dumps({**FOOOCUS, "refiner_model": "xl_refiner"})}, "refiner (xl_refiner)"),
        ({"invokeai_metadata": json.dumps({**INVOKE, "steps": 9999})}, "Steps"),
    ],
)
def test_what_is_not_known_is_named(tmp_path: Path, texts: dict[str, str], said: str) -> None:
    assert said in " ".join(read_recipe(picture(tmp_path / "one.png", texts)).notes)


@pytest.mark.parametrize("name", ["prompt", "invokeai_metadata", "sd-metadata", "parameters", "studio"])
@pytest.mark.parametrize(
    "text", ["{", "{}", "[1]", '{"3": 7}', '{"3": {"class_type": "KSampler"}}', '{"image": 1}', "[" * 10**5]
)
def test_broken_metadata_gets_a_sentence(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(PictureError, match="does not say how it was made"):
        read_recipe(picture(tmp_path / "one.png", {name: text}))


def test_a_graph_that_runs_in_a_circle_comes_to_an_end(tmp_path: Path) -> None:
    circle = {**COMFY, "6": {"class_type": "ConditioningCombine", "inputs": {"a": ["6", 0], "b": ["8", 0]}}}
    assert read_recipe(picture(tmp_path / "one.png", {"prompt": json.dumps(circle)})).values["steps"] == 24
