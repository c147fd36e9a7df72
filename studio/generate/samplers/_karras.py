"""Karras's noise levels for a base that begins in pure noise; imports diffusers."""

from __future__ import annotations

from typing import Any

import numpy as np
from diffusers import DPMSolverMultistepScheduler

LOUDEST = 14.6146  # σ at which Karras's levels begin for Stable Diffusion: that of its last timestep


class KarrasFromPureNoise(DPMSolverMultistepScheduler):  # type: ignore[misc]
    """DPM++ 2M Karras whose first step starts from the last timestep.

    There σ is in the thousands where other bases have 14.6; spacing the levels up to it would
    spend most of the steps on nothing but noise.
    """

    def _convert_to_karras(self, in_sigmas: Any, num_inference_steps: int) -> Any:
        first, usual = in_sigmas[:1], in_sigmas[in_sigmas <= LOUDEST]
        if num_inference_steps == 1:
            return first
        return np.concatenate([first, super()._convert_to_karras(usual, num_inference_steps - 1)])
