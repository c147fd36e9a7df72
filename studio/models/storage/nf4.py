"""NF4: sixteen values, spaced as a normal distribution is, with doubly quantised scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.models.storage._base import Storage

if TYPE_CHECKING:
    import torch
    from torch import nn


class NormalFloat4(Storage):
    """Dettmers et al., QLoRA, arXiv 2305.14314, section 3; as bitsandbytes computes it."""

    name = "nf4"
    title = "4-bit NF4"
    about = "A quarter of the memory, for the largest models; now and then a fine detail."
    bits = 4 + 8 / 64 + 32 / (64 * 256)  # a block of 64 has a scale of 8 bits, 256 of these one of 32
    order = 40

    def pack(self, layer: nn.Linear, device: torch.device) -> nn.Module:
        """Packed as it moves to the device."""
        from bitsandbytes.nn import Linear4bit, Params4bit

        packed = Linear4bit(
            layer.in_features,
            layer.out_features,
            bias=False,
            compute_dtype=layer.weight.dtype,
            compress_statistics=True,
            quant_type="nf4",
            device="meta",
        )
        packed.weight = Params4bit(
            layer.weight.detach().contiguous(), requires_grad=False, quant_type="nf4", module=packed
        )
        packed.bias = layer.bias
        packed.support_avx512bf16_for_cpu = False  # else the processor rearranges the weight in place
        moved: nn.Module = packed.to(device).requires_grad_(False)
        return moved


ENTRY = NormalFloat4()
