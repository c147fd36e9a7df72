"""Captioners of the real classes with small random weights, saved as the hub has them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    BlipImageProcessor,
    CLIPImageProcessor,
    Florence2Config,
    Florence2ForConditionalGeneration,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessor,
    GitConfig,
    GitForCausalLM,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from studio.caption.captioners._timm import load_timm

WORDS = ("a", "red", "blue", "wall", "fox", "in", "the", "snow", "what", "describe", "user", "assistant")
SIZE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}
TEMPLATE = (
    "{% for message in messages %}user {% for part in message.content %}"
    "{% if part.type == 'image' %}IMAGE {% else %}{{ part.text }} {% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}assistant {% endif %}"
)


def tokenizer(*special: str, **more: Any) -> PreTrainedTokenizerFast:
    """Of whole words; the special ones come first, <pad>, <s>, </s> before them."""
    words = ["<pad>", "<s>", "</s>", *special, *WORDS, "<unk>"]
    plain = models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="<unk>")
    made = Tokenizer(plain)
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    named = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=made, additional_special_tokens=list(special), **named, **more
    )


def count(*special: str) -> int:
    """How many words such a tokenizer has."""
    return 4 + len(special) + len(WORDS)


ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def save_git(folder: Path) -> None:
    torch.manual_seed(0)
    config = GitConfig(
        vision_config={**SIZE, "image_size": 32, "patch_size": 16},
        vocab_size=count(),
        max_position_embeddings=24,
        **SIZE,
        **ENDS,
    )
    GitForCausalLM(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32).save_pretrained(folder)
    name(folder, "GitProcessor")


def save_blip2(folder: Path) -> None:
    torch.manual_seed(0)
    config = Blip2Config(
        vision_config={**SIZE, "image_size": 32, "patch_size": 16},
        qformer_config={**SIZE, "encoder_hidden_size": 64, "vocab_size": count("<image>")},
        text_config={
            "model_type": "opt",
            "vocab_size": count("<image>"),
            "hidden_size": 32,
            "word_embed_proj_dim": 32,
            "ffn_dim": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "max_position_embeddings": 64,
            **ENDS,
        },
        num_query_tokens=4,
        image_token_index=3,
    )
    Blip2ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer("<image>").save_pretrained(folder)
    BlipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    (folder / "processor_config.json").write_text(
        json.dumps({"processor_class": "Blip2Processor", "num_query_tokens": 4})
    )


def save_florence(folder: Path) -> None:
    torch.manual_seed(0)
    config = Florence2Config(
        vision_config={
            "depths": [1, 1],
            "patch_size": [7, 3],
            "patch_stride": [4, 2],
            "patch_padding": [3, 1],
            "patch_prenorm": [False, True],
            "embed_dim": [16, 32],
            "num_heads": [2, 2],
            "num_groups": [2, 2],
            "window_size": 4,
            "projection_dim": 32,
            "max_position_embeddings": 10,
        },
        text_config={
            "model_type": "bart",
            "vocab_size": count("<image>"),
            "d_model": 32,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "decoder_ffn_dim": 64,
            "max_position_embeddings": 128,
            "decoder_start_token_id": 2,
            "init_std": 0.5,
            **ENDS,
        },
        image_token_id=3,
    )
    Florence2ForConditionalGeneration(config).save_pretrained(folder)
    made = tokenizer("<image>", extra_special_tokens={"image_token": "<image>"})
    made.save_pretrained(folder)
    images = CLIPImageProcessor(size={"height": 64, "width": 64}, crop_size={"height": 64, "width": 64})
    images.image_seq_length = 65
    images.save_pretrained(folder)
    name(folder, "Florence2Processor")


def save_llava(folder: Path) -> None:
    """As JoyCaption is: Llama, and the eyes of CLIP."""
    torch.manual_seed(0)
    config = LlavaConfig(
        vision_config={
            "model_type": "clip_vision_model",
            **SIZE,
            "num_hidden_layers": 2,
            "image_size": 32,
            "patch_size": 16,
        },
        text_config={"model_type": "llama", **SIZE, "vocab_size": count("<image>"), **ENDS},
        image_token_index=3,
        image_seq_length=4,
    )
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    made = tokenizer("<image>", extra_special_tokens={"image_token": "<image>"})
    made.save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32).save_pretrained(folder)
    (folder / "processor_config.json").write_text(
        json.dumps(
            {
                "processor_class": "LlavaProcessor",
                "patch_size": 16,
                "vision_feature_select_strategy": "default",
                "num_additional_image_tokens": 1,
            }
        )
    )
    (folder / "chat_template.jinja").write_text(TEMPLATE.replace("IMAGE", "<image>"))


def save_qwen(folder: Path) -> None:
    """Qwen3-VL, whose processor has a part for films."""
    torch.manual_seed(0)
    special = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    text = {
        **SIZE,
        "vocab_size": count(*special),
        "num_key_value_heads": 2,
        "head_dim": 32,
        "max_position_embeddings": 512,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 6, 6]},
        **ENDS,
    }
    vision = {
        "depth": 1,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_heads": 2,
        "out_hidden_size": 64,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    }
    config = Qwen3VLConfig(
        text_config=text,
        vision_config=vision,
        vision_start_token_id=3,
        vision_end_token_id=4,
        image_token_id=5,
        video_token_id=6,
    )
    Qwen3VLForConditionalGeneration(config).save_pretrained(folder)
    tokenizer(*special).save_pretrained(folder)
    Qwen2VLImageProcessor(
        patch_size=16, size={"shortest_edge": 64 * 64, "longest_edge": 128 * 128}
    ).save_pretrained(folder)
    image = "<|vision_start|> <|image_pad|> <|vision_end|>"
    (folder / "chat_template.jinja").write_text(TEMPLATE.replace("IMAGE", image))


def save_smolvlm(folder: Path) -> None:
    """SmolVLM 2.2B is an Idefics3."""
    torch.manual_seed(0)
    special = ("<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>")
    config = Idefics3Config(
        vision_config={**SIZE, "image_size": 32, "patch_size": 16},
        text_config={"model_type": "llama", **SIZE, "vocab_size": count(*special), **ENDS},
        image_token_id=4,
        scale_factor=1,
        pad_token_id=0,
    )
    Idefics3ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer(*special).save_pretrained(folder)
    Idefics3ImageProcessor(
        size={"longest_edge": 32}, max_image_size={"longest_edge": 32}, do_image_splitting=False
    ).save_pretrained(folder)
    (folder / "processor_config.json").write_text(
        json.dumps({"processor_class": "Idefics3Processor", "image_seq_len": 4})
    )
    (folder / "chat_template.jinja").write_text(TEMPLATE.replace("IMAGE", "<image>"))


def save_gemma(folder: Path) -> None:
    torch.manual_seed(0)
    special = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image>"}
    text = {**SIZE, "vocab_size": count(*special), "num_key_value_heads": 2, "head_dim": 32, **ENDS}
    config = Gemma3Config(
        text_config=text,
        vision_config={**SIZE, "image_size": 32, "patch_size": 8, "vision_use_head": False},
        mm_tokens_per_image=4,
        boi_token_index=3,
        eoi_token_index=4,
        image_token_index=5,
        **ENDS,
    )
    Gemma3ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer(*special.values(), extra_special_tokens=special).save_pretrained(folder)
    Gemma3ImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    (folder / "processor_config.json").write_text(
        json.dumps({"processor_class": "Gemma3Processor", "image_seq_length": 4})
    )
    (folder / "chat_template.jinja").write_text(TEMPLATE.replace("IMAGE", "<start_of_image>"))


TAGGERS: dict[str, dict[str, object]] = {
    "vit_base_patch16_224": {
        "img_size": 32,
        "embed_dim": 32,
        "depth": 1,
        "num_heads": 2,
        "class_token": False,
        "global_pool": "avg",
        "fc_norm": False,
        "act_layer": "gelu_tanh",
    },
    "swinv2_base_window8_256": {
        "img_size": 32,
        "window_size": 4,
        "embed_dim": 16,
        "depths": [1, 1],
        "num_heads": [2, 2],
        "act_layer": "gelu_tanh",
    },
    "convnext_base": {"depths": [1, 1, 1, 1], "dims": [8, 16, 16, 32], "act_layer": "gelu_tanh"},
    "eva02_large_patch14_448": {
        "img_size": 28,
        "embed_dim": 48,
        "depth": 1,
        "num_heads": 2,
        "ref_feat_shape": [2, 2],
        "global_pool": "avg",
    },
}
"""The architectures of the WD taggers v3, made small."""


def save_tagger(
    folder: Path, tags: dict[str, str], *, architecture: str = "vit_base_patch16_224"
) -> torch.nn.Module:
    """A tagger that knows these tags and their categories; returns its model."""
    torch.manual_seed(0)
    side = TAGGERS[architecture].get("img_size", 32)
    config: dict[str, Any] = {
        "architecture": architecture,
        "num_classes": len(tags),
        "model_args": TAGGERS[architecture],
        "pretrained_cfg": {"input_size": [3, side, side], "mean": [0.5] * 3, "std": [0.5] * 3},
    }
    model: torch.nn.Module = load_timm().create_model(
        config["architecture"], num_classes=len(tags), **config["model_args"]
    )
    folder.mkdir(parents=True, exist_ok=True)
    save_file(model.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with (folder / "selected_tags.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["tag_id", "name", "category", "count"])
        rows.writerows([at, tag, category, 1] for at, (tag, category) in enumerate(tags.items()))
    return model.eval()


def name(folder: Path, processor: str) -> None:
    """Say in the folder which processor goes with the model."""
    file = folder / "preprocessor_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "processor_class": processor}))


def walls() -> list[Image.Image]:
    """Two pictures of different shape."""
    return [Image.new("RGB", (64, 64), "red"), Image.new("RGB", (100, 40), "blue")]
