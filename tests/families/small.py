"""Small random models of the families' real classes and real configurations, scaled down.

Names of layers, widths that tell families apart, schedules and tokenizers are those of the full size.
A new family is one more entry of `SMALL`.
"""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from studio.families import FAMILIES
from tests.tiny import tiny_tokenizer

VOCABULARY = {"vocab_size": len(tiny_tokenizer())}
QUESTION = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}<|im_start|>assistant\n{% if not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
)
"""What Qwen3's own template makes of a question."""
VAE = {"block_out_channels": (4, 4, 8, 8), "norm_num_groups": 4}


def write_small(name: str, folder: Path) -> Path:
    """Write the small model of a family into `folder`; the same weights each time."""
    shutil.copytree(_written(name), folder, dirs_exist_ok=True)
    return folder


@functools.cache
def _written(name: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        SMALL[name]().save_pretrained(folder)
    return folder


def config(family: str, part: str, **scaled: Any) -> dict[str, Any]:
    """A part's configuration as we ship it, with some of it made smaller."""
    folder = FAMILIES.get(family).configs
    path = folder / part / ("scheduler_config.json" if part == "scheduler" else "config.json")
    return {**json.loads(path.read_text()), **scaled}


def spelling(family: str) -> dict[str, Any]:
    """Tokenizers that spell, filling up prompts as the family does; a full vocabulary would weigh 200 MB."""
    tokenizers = {}
    for part, pad in FAMILIES.get(family).padding.items():  # type: ignore[attr-defined]
        tokenizers[part] = tiny_tokenizer()
        tokenizers[part].pad_token = pad
    return tokenizers


def stable_diffusion(family: str, unet: Mapping[str, Any], **text: Any) -> Any:
    """A Stable Diffusion of the first two versions; it halves its latents once."""
    import diffusers
    from transformers import CLIPTextConfig, CLIPTextModel

    schedule = config(family, "scheduler")
    return diffusers.StableDiffusionPipeline(
        **spelling(family),
        text_encoder=CLIPTextModel(CLIPTextConfig(**config(family, "text_encoder", **VOCABULARY, **text))),
        vae=diffusers.AutoencoderKL.from_config(config(family, "vae", **VAE)),
        unet=diffusers.UNet2DConditionModel.from_config(config(family, "unet", **unet)),
        scheduler=getattr(diffusers, schedule["_class_name"]).from_config(schedule),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def stable_diffusion_xl(*, unet: Mapping[str, Any] = {}, text: Mapping[str, Any] = {}) -> Any:
    """An SDXL of three levels, its transformers one layer deep."""
    import diffusers
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    text = {**VOCABULARY, "num_hidden_layers": 2, "intermediate_size": 8, **text}
    unet = {
        "block_out_channels": (8, 16, 16),
        "attention_head_dim": [1, 2, 2],
        "transformer_layers_per_block": 1,
        "norm_num_groups": 4,
        **unet,
    }
    second = CLIPTextConfig(**config("sdxl", "text_encoder_2", **text))
    return diffusers.StableDiffusionXLPipeline(
        **spelling("sdxl"),
        text_encoder=CLIPTextModel(CLIPTextConfig(**config("sdxl", "text_encoder", **text))),
        text_encoder_2=CLIPTextModelWithProjection(second),
        vae=diffusers.AutoencoderKL.from_config(config("sdxl", "vae", **VAE)),
        unet=diffusers.UNet2DConditionModel.from_config(config("sdxl", "unet", **unet)),
        scheduler=diffusers.EulerDiscreteScheduler.from_config(config("sdxl", "scheduler")),
        add_watermarker=False,
    )


def narrow_xl() -> Any:
    """The same with texts far narrower than those of a full-size model."""
    return stable_diffusion_xl(
        text={"hidden_size": 8, "projection_dim": 8, "num_attention_heads": 2},
        unet={"cross_attention_dim": 16, "projection_class_embeddings_input_dim": 6 * 256 + 8},
    )


def stable_diffusion_3() -> Any:
    """An SD3.5 of two layers, the first attending twice as the medium's; T5 is left out."""
    import diffusers
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    text = {**VOCABULARY, "num_hidden_layers": 2, "intermediate_size": 8}
    encoders = {
        part: CLIPTextModelWithProjection(CLIPTextConfig(**config("sd3", part, **text)))
        for part in ("text_encoder", "text_encoder_2")
    }
    return diffusers.StableDiffusion3Pipeline(
        **spelling("sd3"),
        **encoders,
        text_encoder_3=None,
        tokenizer_3=None,
        vae=diffusers.AutoencoderKL.from_config(config("sd3", "vae", **VAE)),
        transformer=diffusers.SD3Transformer2DModel(
            sample_size=8,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=2,
            caption_projection_dim=16,
            pos_embed_max_size=16,
            dual_attention_layers=(0,),
            qk_norm="rms_norm",
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler.from_config(config("sd3", "scheduler")),
    )


def t5(family: str, part: str) -> tuple[Any, Any]:
    """A T5 of one layer, as wide as T5-XXL, and a tokenizer that spells."""
    from transformers import T5Config, T5EncoderModel, T5Tokenizer

    letters = [chr(code) for code in range(97, 123)]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((each, -3.0) for each in letters)]
    tiny = {"vocab_size": len(pieces), "d_ff": 8, "d_kv": 8, "num_heads": 1, "num_layers": 1}
    encoder = T5EncoderModel(T5Config(**config(family, part, **tiny)))
    return encoder, T5Tokenizer(pieces, extra_ids=0, model_max_length=512)


def flux() -> Any:
    """A FLUX.1 dev with one block of each kind, and a T5 that spells."""
    import diffusers
    from transformers import CLIPTextConfig, CLIPTextModel

    text = {**VOCABULARY, "num_hidden_layers": 1, "intermediate_size": 8}
    encoder, tokenizer = t5("flux", "text_encoder_2")
    return diffusers.FluxPipeline(
        **spelling("flux"),
        tokenizer_2=tokenizer,
        text_encoder=CLIPTextModel(CLIPTextConfig(**config("flux", "text_encoder", **text))),
        text_encoder_2=encoder,
        vae=diffusers.AutoencoderKL.from_config(config("flux", "vae", **VAE)),
        transformer=diffusers.FluxTransformer2DModel(
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=32,
            num_attention_heads=1,
            guidance_embeds=True,
            axes_dims_rope=(4, 14, 14),
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler.from_config(config("flux", "scheduler")),
    )


def qwen() -> tuple[Any, Any]:
    """A Qwen3 as wide as the one with four billion weights, 28 layers deep, and a tokenizer that spells."""
    from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3Model
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    letters = {each: number for number, each in enumerate([*bytes_to_unicode().values(), *special])}
    tokenizer = Qwen2Tokenizer(vocab=letters, merges=[], pad_token="<|endoftext|>")
    tokenizer.add_special_tokens({"additional_special_tokens": special[1:]})
    tokenizer.chat_template = QUESTION
    small = {
        "vocab_size": len(tokenizer),
        "intermediate_size": 8,
        "num_hidden_layers": 28,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 4,
    }
    return Qwen3Model(Qwen3Config(**config("z-image", "text_encoder", **small))), tokenizer


def z_image() -> Any:
    """A Z-Image with one block of each kind."""
    import diffusers

    encoder, tokenizer = qwen()
    return diffusers.ZImagePipeline(
        tokenizer=tokenizer,
        text_encoder=encoder,
        vae=diffusers.AutoencoderKL.from_config(config("flux", "vae", **VAE)),
        transformer=diffusers.ZImageTransformer2DModel(
            dim=32,
            n_layers=1,
            n_refiner_layers=1,
            n_heads=1,
            n_kv_heads=1,
            axes_dims=[8, 12, 12],
            axes_lens=[1536, 512, 512],
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler.from_config(config("z-image", "scheduler")),
    )


def flux2_klein() -> Any:
    """A FLUX.2 klein with one block of each kind."""
    import diffusers

    encoder, tokenizer = qwen()
    name = "flux2-klein-4b"
    return diffusers.Flux2KleinPipeline(
        tokenizer=tokenizer,
        text_encoder=encoder,
        vae=diffusers.AutoencoderKLFlux2.from_config(config(name, "vae", **VAE)),
        transformer=diffusers.Flux2Transformer2DModel(
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=32,
            num_attention_heads=1,
            joint_attention_dim=7680,
            guidance_embeds=False,
            axes_dims_rope=(8, 8, 8, 8),
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler.from_config(config(name, "scheduler")),
        is_distilled=True,
    )


def _unet(*, heads: Any) -> dict[str, Any]:
    return {
        "block_out_channels": (8, 16),
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "attention_head_dim": heads,
        "norm_num_groups": 4,
    }


SMALL: dict[str, Callable[[], Any]] = {
    "sd1": lambda: stable_diffusion("sd1", _unet(heads=2), num_hidden_layers=1, intermediate_size=8),
    "sd2": lambda: stable_diffusion("sd2", _unet(heads=[1, 2]), num_hidden_layers=1, intermediate_size=8),
    "sdxl": stable_diffusion_xl,
    "sd3": stable_diffusion_3,
    "flux": flux,
    "z-image": z_image,
    "flux2-klein-4b": flux2_klein,
}
