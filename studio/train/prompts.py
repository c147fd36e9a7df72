"""Prompts: what the denoiser is told, from the cache, or fresh while the text encoder learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.families._base import Conditioning, Model


class Prompts:
    """The conditioning of every prompt of a training; `live` while the text encoder still learns."""

    def __init__(self, model: Model, encoded: Mapping[str, Conditioning], *, live: bool) -> None:
        self.model, self.encoded, self.live = model, encoded, live

    def __call__(self, prompts: Sequence[str]) -> Conditioning:
        """The conditioning of these prompts, on the model's device and in its precision."""
        import torch

        if self.live:
            told = self.model.encode_prompts(prompts)
        else:
            rows = [self.encoded[prompt] for prompt in prompts]
            told = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
        return {name: row.to(self.model.device, self.model.dtype) for name, row in told.items()}

    def settle(self) -> None:
        """The text encoder has learned enough: encode everything once, and let it go from the card."""
        import torch

        with torch.no_grad():
            self.encoded = {
                prompt: {name: row.cpu() for name, row in self.model.encode_prompts([prompt]).items()}
                for prompt in self.encoded
            }
        self.live = False
        self.model.free_encoders()
