"""The generation engine: from settings to pictures, warm from job to job."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.adapters.reading import Adapter
from studio.generate.opened import Opened, audible, open_base
from studio.generate.pictures import save_png
from studio.generate.plan import Plan, make_plan
from studio.generate.preview import Previews
from studio.generate.prompt import take_loras
from studio.generate.recipe import Recipe, UsedAdapter
from studio.generate.settings import GenerateSettings
from studio.jobs.context import Context
from studio.workspace import Workspace, free_path

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


class GenerateEngine:
    """Paints the pictures of one job after another; keeps the base open until another one is asked for."""

    def __init__(self) -> None:
        self._opened: Opened | None = None

    def __call__(self, context: Context, settings: GenerateSettings) -> str:
        """Paint, save and tell of each picture; raises `Cancelled` at a step boundary."""
        prompt, named = take_loras(settings.prompt)
        mixes = (*settings.adapters, *named)
        opened = self._open(settings.base, context)
        seed = settings.seed if settings.seed >= 0 else context.run.seed
        plan = make_plan(
            settings, opened.model, opened.scheduler_config, prompt=prompt, mixes=mixes, seed=seed
        )
        for note in plan.notes:
            context.artifact("note", text=note)
        adapters = opened.mix(context.workspace, mixes)
        for note in filter(None, (opened.status, *(_left_out(adapter) for adapter in adapters))):
            context.artifact("note", text=note)
        previews = Previews(opened.model, context)
        for number in range(settings.count):
            one = plan.picture(number)
            image = _paint(opened, plan, number, previews, context)
            path = _free_place(context.workspace, one.seed)
            save_png(image, path, _recipe(opened, one, adapters, context).texts())
            context.artifact("picture", path, seed=one.seed, prompt=one.prompt)
        return "1 picture is done." if settings.count == 1 else f"{settings.count} pictures are done."

    def _open(self, base: str, context: Context) -> Opened:
        if self._opened is None or self._opened.base != base:
            context.progress(0, 0, "Opening the base model")
            self._opened = None
            _give_memory_back()
            self._opened = open_base(base, context.workspace, context)
        return self._opened


def _paint(opened: Opened, plan: Plan, number: int, previews: Previews, context: Context) -> Image:
    """One picture by itself, so that it does not depend on the others of its batch."""
    import torch

    one, pipeline = plan.picture(number), opened.pipeline
    stepping = opened.stepping(one.method, one.steps)
    pipeline.scheduler = plan.scheduler(opened.scheduler_config)
    previews.listen(pipeline.scheduler)
    done, total = number * one.steps, plan.settings.count * one.steps
    message = f"Picture {number + 1} of {plan.settings.count}"

    def after_step(_pipeline: Any, step: int, _timestep: Any, _tensors: Any) -> dict[str, Any]:
        context.check()
        context.progress(done + min(step + 1, one.steps), total, message)
        if step + 1 < one.steps:
            stepping.begin(step + 1)
            previews.show(done + step + 1)
        return {}

    context.check()
    context.progress(done, total, message)
    stepping.begin(0)
    with stepping.listening(opened.model.denoiser):
        result = pipeline(
            **_conditioning(opened, one),
            width=one.width,
            height=one.height,
            num_inference_steps=one.steps,
            guidance_scale=one.guidance,
            generator=torch.Generator("cpu").manual_seed(one.seed),
            callback_on_step_end=after_step,
            callback_on_step_end_tensor_inputs=[],
        )
    image: Image = result.images[0]
    return image


def _left_out(adapter: Adapter) -> str:
    """A word on an adapter that was used although it does not fit as a whole."""
    receipt = adapter.receipt
    if receipt.whole:
        return ""
    return (
        f"Of “{receipt.name}”, {sum(receipt.matched.values())} of {receipt.layers} layers act on this base."
    )


def _conditioning(opened: Opened, one: GenerateSettings) -> Mapping[str, Tensor]:
    """The embeddings under the pipeline's own argument names; without guidance the negative has no say."""
    told = dict(opened.encode(one.prompt))
    if one.guidance > 1:
        told |= {f"negative_{name}": tensor for name, tensor in opened.encode(one.negative).items()}
    return told


def _recipe(opened: Opened, one: GenerateSettings, adapters: Sequence[Adapter], context: Context) -> Recipe:
    used = (
        UsedAdapter(mix.name, mix.weight, mix.text, adapter.receipt.hash)
        for mix, adapter in zip(one.adapters, adapters, strict=True)
        if (mix.weight or mix.text) and mix in audible(one.adapters)
    )
    return Recipe(
        one.model_dump(mode="json"),
        model=opened.title,
        model_hash=opened.model.base_hash,
        scheduler=type(opened.pipeline.scheduler).__name__,
        adapters=tuple(used),
        versions=context.run.versions,
    )


def _free_place(workspace: Workspace, seed: int) -> Path:
    """A file in the folder of the day, named by the time and the seed."""
    now = time.localtime()
    folder = workspace.outputs / time.strftime("%Y-%m-%d", now)
    return free_path(folder / f"{time.strftime('%H%M%S', now)}-{seed}.png")


def _give_memory_back() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
