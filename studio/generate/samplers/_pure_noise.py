"""Schedulers for a base that begins in pure noise; imports diffusers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

LOUDEST = 14.6146  # σ at which Karras's levels begin for Stable Diffusion: that of its last timestep
LAST_ALPHA = 2**-24  # what diffusers takes for the share of the picture where there is none


class FromPureNoise:
    """A scheduler whose first step leads from the last timestep to where spread levels begin.

    At the last timestep σ is in the thousands where other bases have 14.6; spreading the levels up to
    it would spend most of the steps on nothing but noise.
    """

    alphas_cumprod: Any
    num_inference_steps: int

    def _convert_to_karras(self, in_sigmas: Any, **named: Any) -> Any:
        return self._after_first("_convert_to_karras", **named)

    def _convert_to_exponential(self, in_sigmas: Any, **named: Any) -> Any:
        return self._after_first("_convert_to_exponential", **named)

    def _convert_to_beta(self, in_sigmas: Any, **named: Any) -> Any:
        return self._after_first("_convert_to_beta", **named)

    def _sigma_to_t(self, sigma: Any, log_sigmas: Any) -> Any:
        """Rounded, for it would be cut off: the first timestep must be the last one of the training."""
        return np.round(super()._sigma_to_t(sigma, log_sigmas))  # type: ignore[misc]

    def _after_first(self, name: str, **named: int) -> Any:
        """One step from pure noise, then levels from the loudest down; LMS keeps their number to itself."""
        alphas = self.alphas_cumprod.double().numpy().clip(min=LAST_ALPHA)
        levels = np.sqrt((1 - alphas) / alphas)
        first, usual = levels[-1:], levels[levels <= LOUDEST][::-1].copy()
        steps = named.get("num_inference_steps", self.num_inference_steps)
        if steps == 1:
            return first
        of_all, self.num_inference_steps = self.num_inference_steps, steps - 1
        spread = getattr(super(), name)(in_sigmas=usual, **dict.fromkeys(named, steps - 1))
        self.num_inference_steps = of_all
        return np.concatenate([first, np.asarray(spread)])


@cache
def from_pure_noise(kind: type[Any]) -> type[Any]:
    """The scheduler class, under its own name, with a first step from pure noise."""
    return type(kind.__name__, (FromPureNoise, kind), {"__init__": kind.__init__})


def rescaled(config: Mapping[str, Any]) -> dict[str, Any]:
    """The betas of a base that begins in pure noise, for schedulers that cannot find them by themselves."""
    import diffusers
    import torch

    alphas = diffusers.DDIMScheduler.from_config(config).alphas_cumprod.double().clone()
    alphas[-1] = LAST_ALPHA
    before = torch.cat([torch.ones(1, dtype=alphas.dtype), alphas[:-1]])
    return {"trained_betas": (1 - alphas / before).tolist()}
