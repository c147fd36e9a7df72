"""Samples: pictures of the same prompts at the same seeds, to watch the LoRA learn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio.jobs.context import Context

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Model
    from studio.train.preparing import Material


class Sampler:
    """Paints each prompt with the model as it is; prompt number i has the run's seed + i."""

    def __init__(self, context: Context, model: Model, material: Material) -> None:
        self.context, self.model, self.material = context, model, material
        self.folder = context.folder / "samples"

    def paint(self, step: int) -> None:
        """Paint and show those samples of a step that are not there yet; can be stopped between two."""
        self.folder.mkdir(exist_ok=True)
        for number, prompt in enumerate(self.material.plan.prompts):
            path = self.folder / f"step-{step:06d}-{number + 1}.png"
            if not path.exists():
                self.context.check()
                seed = self.context.run.seed + number
                self._paint(prompt, seed, path)
                self.context.artifact("sample", path, prompt=prompt, step=step, seed=seed)

    def newest(self) -> Path | None:
        """The last sample of the first prompt, the one with the trigger word."""
        return max(self.folder.glob("step-*-1.png"), default=None)

    def _paint(self, prompt: str, seed: int, path: Path) -> None:
        import torch

        defaults = self.model.family.defaults
        told = {name: self._there(row) for name, row in self.material.prompts[prompt].items()}
        told |= {f"negative_{name}": self._there(row) for name, row in self.material.prompts[""].items()}
        with torch.no_grad():
            painted = self.model.pipeline()(
                **told,
                width=self.material.plan.resolution,
                height=self.material.plan.resolution,
                num_inference_steps=defaults.steps,
                guidance_scale=defaults.guidance,
                generator=torch.Generator().manual_seed(seed),
            )
        unfinished = path.with_suffix(".part")
        painted.images[0].save(unfinished, "PNG")
        unfinished.replace(path)

    def _there(self, row: Tensor) -> Tensor:
        return row.to(self.model.device, self.model.dtype)
