"""What chance decides about a batch: noise and timesteps.

Both are functions of (seed, batch number), so that a training that was cut off and goes on sees
what an unbroken one sees.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

BIASES = ("uniform", "logit-normal")


def generator(seed: int, number: int, purpose: str) -> torch.Generator:
    """A generator on the processor whose numbers depend on these three and nothing else."""
    import torch

    digest = hashlib.sha256(f"{seed}/{number}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def draw_noise(latents: Tensor, seed: int, number: int, *, offset: float = 0.0) -> Tensor:
    """Gaussian noise like `latents`, the same on every device.

    `offset` adds as much of one number for each channel, so that light and dark are learned too
    (Guttenberg, "Diffusion with offset noise", 2023).
    """
    noise = _gaussian(latents, tuple(latents.shape), generator(seed, number, "noise"))
    if offset:
        one_each = (*latents.shape[:2], *(1 for _ in latents.shape[2:]))
        noise = noise + offset * _gaussian(latents, one_each, generator(seed, number, "offset"))
    return noise


def perturbed(noise: Tensor, seed: int, number: int, *, strength: float) -> Tensor:
    """What is shown where `noise` is asked for: that and a little more (Ning et al., arXiv 2301.11706)."""
    if not strength:
        return noise
    return noise + strength * _gaussian(noise, tuple(noise.shape), generator(seed, number, "perturbation"))


def draw_timesteps(
    count: int,
    of: int,
    seed: int,
    number: int,
    *,
    bias: str = "uniform",
    shift: float = 1.0,
    part: tuple[float, float] = (0.0, 1.0),
) -> Tensor:
    """`count` timesteps from 0 to `of` - 1; without any option each is as likely as any other.

    `bias` "logit-normal" prefers the middle; a `shift` above 1 prefers more noise, below 1 less
    (Esser et al., arXiv 2403.03206, section 3.1 and equation 23). All of it happens inside `part`.
    """
    import torch

    chance = generator(seed, number, "timesteps")
    if (bias, shift, part) == ("uniform", 1.0, (0.0, 1.0)):
        return torch.randint(of, (count,), generator=chance)
    if bias == "logit-normal":
        drawn = torch.randn(count, generator=chance, dtype=torch.float64).sigmoid()
    else:
        drawn = torch.rand(count, generator=chance, dtype=torch.float64)
    drawn = shift * drawn / (1 + (shift - 1) * drawn)
    first, last = part
    return ((first + (last - first) * drawn) * of).long().clamp(max=of - 1)


def _gaussian(like: Tensor, shape: tuple[int, ...], chance: torch.Generator) -> Tensor:
    import torch

    return torch.randn(shape, generator=chance).to(like.device, like.dtype)
