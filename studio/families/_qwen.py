"""What Qwen3 makes of prompts that are asked of it as a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ASKED = "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
"""Qwen3's own template for one question, with room to think before the answer."""
UNTHINKING = ASKED + "<think>\n\n</think>\n\n"
"""The same where it has thought already."""


def states(
    encoder: Any, tokenizer: Any, prompts: Sequence[str], *, template: str, longest: int, device: torch.device
) -> tuple[tuple[Tensor, ...], Tensor]:
    """All layers' states, (batch, longest, width) each, and which tokens are a prompt's (batch, longest)."""
    words = tokenizer(
        [template.format(prompt=prompt) for prompt in prompts],
        padding="max_length",
        max_length=longest,
        truncation=True,
        return_tensors="pt",
    )
    mask = words.attention_mask.to(device)
    told = encoder(
        input_ids=words.input_ids.to(device), attention_mask=mask, output_hidden_states=True, use_cache=False
    )
    return told.hidden_states, mask.bool()
