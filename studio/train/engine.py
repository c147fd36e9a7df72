"""The engine of a training: from a folder of pictures to a LoRA."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from studio.data.dataset import open_dataset
from studio.errors import DatasetError, SettingsError
from studio.jobs.context import Context
from studio.networks import NETWORKS
from studio.train.class_pictures import class_fingerprint
from studio.train.plan import Chosen, make_plan
from studio.train.settings import TrainSettings
from studio.train.sources import sources

if TYPE_CHECKING:
    import torch

    from studio.families._base import Model
    from studio.train.export import Recipe
    from studio.train.training import Training


class TrainEngine:
    """Trains a LoRA; called again for the same run, it goes on from the newest checkpoint."""

    def __call__(self, context: Context, settings: TrainSettings) -> str:
        """Do the run; returns what came of it in a sentence."""
        training = _begin(context, settings)
        training.run()
        recipe, leads = training.recipe, training.loop.crew.leads
        training.loop.accelerator.free_memory()
        del training
        _give_back()
        return _conclude(context, settings, recipe) if leads else ""


def _begin(context: Context, settings: TrainSettings) -> Training:
    """Open and prepare all that the training needs."""
    import torch

    from studio.adapters.naming import layer_table
    from studio.models.source import resolve
    from studio.train.crew import begin_crew
    from studio.train.export import Recipe
    from studio.train.loop import Loop
    from studio.train.memory.watching import Watch
    from studio.train.preparing import prepare
    from studio.train.training import Training

    chosen = _pictures(context, settings)
    device, precision = _device_and_precision(settings)
    crew = begin_crew(cpu=device.type == "cpu", mixed_precision=precision, accumulation=settings.accumulation)
    model, watch = _open(context, settings), Watch(context)
    plan = make_plan(settings, chosen, model, context.run.seed)
    for note in plan.notes:
        context.artifact("note", text=note)
    with crew.accelerator.main_process_first():  # the others find everything in the cache
        material = prepare(context, model, plan, settings, watch)
    table = layer_table(model)
    torch.manual_seed(context.run.seed)
    model.bring("denoiser")
    attached = NETWORKS.get(settings.network).attach(model, settings)
    for note in attached.notes:
        context.artifact("note", text=note)
    if attached.text_weights:
        model.join("denoiser", "text")
    else:
        model.free_encoders()
    model.train_with(checkpointing=settings.gradient_checkpointing)
    loop = Loop(model, attached, settings, material=material, seed=context.run.seed, crew=crew)
    recipe = Recipe(
        run=context.run,
        settings=settings,
        family=model.family,
        base=resolve(settings.base, context.workspace).title,
        base_hash=model.base_hash,
        plan=material.plan,
        name=settings.name or chosen[0].picture.path.parent.name,
        table=table,
        class_fingerprint=class_fingerprint(settings, context.workspace),
    )
    return Training(context, loop, recipe, watch)


def _conclude(context: Context, settings: TrainSettings, recipe: Recipe) -> str:
    from studio.train.conclusion import conclude

    return conclude(context, _open(context, settings), recipe)


def _pictures(context: Context, settings: TrainSettings) -> list[Chosen]:
    """The pictures of all sources; damaged ones are noted."""
    chosen: list[Chosen] = []
    for source in sources(settings, context.workspace):
        dataset = open_dataset(source.folder)
        for fault in dataset.damaged:
            context.artifact("note", text=f"Left out: {fault}")
        chosen += [Chosen(each, source.repeats_of(each.path), source.weight) for each in dataset.pictures]
    if not chosen:
        raise DatasetError("There are no pictures to train on", remedy="Put some into the dataset.")
    return chosen


def _open(context: Context, settings: TrainSettings) -> Model:
    from studio.models.opening import open_model, precision

    device, chosen = _device_and_precision(settings)
    context.progress(0, 0, "Opening the base model")
    return open_model(
        settings.base,
        context.workspace,
        device=device,
        dtype=precision(chosen),
        storage=settings.storage,
        context=context,
        frugal=True,
    )


def _device_and_precision(settings: TrainSettings) -> tuple[torch.device, str]:
    import os

    import torch

    from studio.models.opening import best_device, best_precision

    device = best_device()
    if device.type == "cuda" and "LOCAL_RANK" in os.environ:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    if settings.precision == "auto":
        return device, best_precision(device)
    if settings.precision == "fp16" and device.type != "cuda":
        raise SettingsError(
            "Precision: fp16 needs a graphics card of NVIDIA or AMD, and this machine shows none",
            remedy="Choose “auto”.",
            field="precision",
        )
    return device, settings.precision


def _give_back() -> None:
    """Let go of the training's model before a fresh one is opened."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
