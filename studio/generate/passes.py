"""One pass of a diffusers pipeline over a batch: from noise, from a picture, or into a mask."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.generate.plan import Plan
from studio.generate.prompts.encoding import EMBEDS, Told, encode
from studio.generate.sight import Guesses, unpacked
from studio.generate.starting import Start
from studio.generate.variation import varied

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from studio.generate.opened import Opened

Watch = Callable[[int, int, Any], None]
"""Called after a step: how many are done, of how many, and the guess at the finished latents."""


@dataclass(frozen=True)
class Pass:
    """A batch to be painted once: plans that differ in seeds and words, and what they start from."""

    plans: Sequence[Plan]
    start: Start | None = None

    @property
    def one(self) -> Any:
        """The settings that all have in common."""
        return self.plans[0].settings


class Pipelines:
    """The diffusers pipelines around the modules of an opened base, made when they are needed."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self._made: dict[str, Any] = {"text": opened.pipeline}

    def get(self, start: Start | None) -> Any:
        """The pipeline for a start; raises `SettingsError` where diffusers has none for this base."""
        kind = "text" if start is None else "image" if start.mask is None else "inpaint"
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        return self._made[kind]

    def _make(self, kind: str) -> Any:
        from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting

        from studio.errors import SettingsError

        auto = AutoPipelineForImage2Image if kind == "image" else AutoPipelineForInpainting
        try:
            pipeline = auto.from_pipe(self.opened.pipeline)
        except ValueError:
            raise SettingsError(
                f"{self.opened.model.family.title} cannot start from a picture here",
                remedy="Take the picture away, or choose another base model.",
                field="image",
            ) from None
        pipeline.set_progress_bar_config(disable=True)
        return pipeline


def paint(pipelines: Pipelines, work: Pass, watch: Watch, *, latent: bool = False) -> Any:
    """Paint a batch; its pictures do not depend on one another. `watch` may raise to stop.

    Gives a list of pictures, or latents (batch, channels, height, width) that are not decoded yet.
    """
    import torch

    opened, one = pipelines.opened, work.one
    pipeline = pipelines.get(work.start)
    pipeline.scheduler = work.plans[0].scheduler(opened.scheduler_config)
    guesses = Guesses(pipeline.scheduler)
    opened.pipeline.scheduler = pipeline.scheduler  # the recipe names it
    stepping = opened.stepping(one.method, one.steps)
    stepping.begin(0)
    words = _Words(opened, work)

    def after_step(pipe: Any, step: int, _timestep: Any, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        of = int(pipe.num_timesteps)
        watch(step + 1, of, unpacked(pipe, guesses.latest, one.width, one.height))
        if step + 1 >= of:
            return {}
        stepping.begin((step + 1) * one.steps // of)
        return words.changed((step + 1) * one.steps // of + 1, tensors)

    generators = [torch.Generator("cpu").manual_seed(plan.settings.seed) for plan in work.plans]
    known = inspect.signature(pipeline.__call__).parameters
    options = {**words.at_first(), **_options(work, known)}
    with (
        stepping.listening(opened.model.denoiser),
        varied(pipeline, work.plans, generators) if work.start is None else nullcontext(),
    ):
        result = pipeline(
            **options,
            num_inference_steps=one.steps,
            guidance_scale=one.guidance,
            generator=generators if len(generators) > 1 else generators[0],
            callback_on_step_end=after_step,
            callback_on_step_end_tensor_inputs=words.watched,
            output_type="latent" if latent else "pil",
        )
    if latent:
        return unpacked(pipeline, result.images, one.width, one.height)
    images: list[Image] = result.images
    return [work.start.kept(image) for image in images] if work.start else images


def has_rescale(pipelines: Pipelines, start: Start | None) -> bool:
    """Whether guidance can be rescaled in such a pass."""
    return "guidance_rescale" in inspect.signature(pipelines.get(start).__call__).parameters


def _options(work: Pass, known: Mapping[str, Any]) -> dict[str, Any]:
    one, start, count = work.one, work.start, len(work.plans)
    options: dict[str, Any] = {"width": one.width, "height": one.height, "guidance_rescale": one.rescale}
    if start is not None:
        options |= {"image": [start.image] * count, "strength": max(start.strength, 1.01 / one.steps)}
        options["strength"] = min(1.0, options["strength"])
        options |= {"mask_image": [start.mask] * count} if start.mask else {}
    return {name: value for name, value in options.items() if name in known}


class _Words:
    """What the denoiser is told of the prompts of a batch, step by step."""

    def __init__(self, opened: Opened, work: Pass) -> None:
        one = work.one
        negative = [plan.settings.negative for plan in work.plans] if one.guidance > 1 else []
        texts = [*(plan.settings.prompt for plan in work.plans), *negative]
        found = encode(opened, texts, steps=one.steps, clip_skip=one.clip_skip)
        count = len(work.plans)
        self._positive, self._negative = found[:count], found[count:]
        self._until = {last for told in found for last, _ in told.until if last < one.steps}
        self.watched = [EMBEDS] if self._until else []
        self._step = 1

    def at_first(self) -> dict[str, Any]:
        """The embeddings by the pipeline's own names; without guidance the negative has no say."""
        told = _batch(self._positive, 1)
        negative = _batch(self._negative, 1) if self._negative else {}
        return {**told, **{f"negative_{name}": tensor for name, tensor in negative.items()}}

    def changed(self, step: int, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        """What is told from this step on, counted from 1, if it is something else than before."""
        import torch

        before, self._step = self._step, step
        if not any(before <= last < step for last in self._until):
            return {}
        told = _batch(self._positive, step)[EMBEDS]
        if self._negative and len(tensors[EMBEDS]) == 2 * len(told):
            told = torch.cat([_batch(self._negative, step)[EMBEDS], told])
        return {EMBEDS: told.to(tensors[EMBEDS].dtype)}


def _batch(said: Sequence[Told], step: int) -> dict[str, Any]:
    import torch

    each = [told.at(step) for told in said]
    if len(each) == 1:
        return dict(each[0])
    return {name: torch.cat([one[name] for one in each]) for name in each[0]}
