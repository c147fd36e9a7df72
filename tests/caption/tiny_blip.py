"""A BLIP of the real classes, so small that it learns two words in seconds."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
)

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "a", "red", "blue", "wall", "arafed")
SIDE = 32


def save(folder: Path, sentences: dict[str, str]) -> None:
    """Teach a BLIP what to say of a picture of each colour, and save it as the hub has it."""
    torch.manual_seed(0)
    processor = _processor()
    model = BlipForConditionalGeneration(_config())
    images = [Image.new("RGB", (SIDE, SIDE), colour) for colour in sentences]
    pixels = processor(images=images, return_tensors="pt")["pixel_values"]
    tokens = torch.tensor(
        [[WORDS.index(word) for word in ("[DEC]", *text.split(), "[SEP]")] for text in sentences.values()]
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        loss = model(pixel_values=pixels, input_ids=tokens, labels=tokens).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def _processor() -> BlipProcessor:
    tokenizer = BertTokenizer(vocab={word: place for place, word in enumerate(WORDS)}, bos_token="[DEC]")
    return BlipProcessor(BlipImageProcessor(size={"height": SIDE, "width": SIDE}), tokenizer)


def _config() -> BlipConfig:
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    special = {"bos_token_id": 5, "pad_token_id": 0, "eos_token_id": 3, "sep_token_id": 3}
    text = {
        **size,
        **special,
        "vocab_size": len(WORDS),
        "max_position_embeddings": 8,
        "encoder_hidden_size": 32,
    }
    vision = {**size, "image_size": SIDE, "patch_size": 16}
    return BlipConfig(text_config=text, vision_config=vision, projection_dim=16, image_text_hidden_size=16)
