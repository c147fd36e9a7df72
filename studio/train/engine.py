"""The engine of a training: from a folder of pictures to a LoRA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.data.dataset import dataset_folder, open_dataset
from studio.errors import SettingsError
from studio.jobs.context import Context
from studio.networks import NETWORKS
from studio.train.plan import make_plan
from studio.train.settings import TrainSettings

if TYPE_CHECKING:
    import torch

    from studio.train.training import Training


class TrainEngine:
    """Trains a LoRA; called again for the same run, it goes on from the newest checkpoint."""

    def __call__(self, context: Context, settings: TrainSettings) -> str:
        """Do the run; returns what came of it in a sentence."""
        return _begin(context, settings).run()


def _begin(context: Context, settings: TrainSettings) -> Training:
    """Open and prepare all that the training needs."""
    import torch

    from studio.models.opening import best_device, open_model, precision
    from studio.models.source import resolve
    from studio.train.export import Recipe
    from studio.train.loop import Loop
    from studio.train.preparing import prepare
    from studio.train.training import Training

    dataset = open_dataset(dataset_folder(context.workspace, settings.dataset))
    for fault in dataset.damaged:
        context.artifact("note", text=f"Left out: {fault}")
    context.progress(0, 0, "Opening the base model")
    device = best_device()
    chosen = _precision(settings, device)
    model = open_model(
        settings.base, context.workspace, device=device, dtype=precision(chosen), context=context
    )
    plan = make_plan(settings, dataset.pictures, model)
    for note in plan.notes:
        context.artifact("note", text=note)
    material = prepare(context, model, plan, flip=settings.flip)
    model.free_encoders()
    torch.manual_seed(context.run.seed)
    attached = NETWORKS.get(settings.network).attach(model, settings)
    model.train_with(checkpointing=settings.gradient_checkpointing)
    loop = Loop(model, attached, settings, material=material, seed=context.run.seed, precision=chosen)
    recipe = Recipe(
        run=context.run,
        settings=settings,
        model=model,
        plan=material.plan,
        name=settings.name or dataset.folder.name,
        base=resolve(settings.base, context.workspace).title,
    )
    return Training(context, loop, recipe)


def _precision(settings: TrainSettings, device: torch.device) -> str:
    from studio.models.opening import best_precision

    if settings.precision == "auto":
        return best_precision(device)
    if settings.precision == "fp16" and device.type != "cuda":
        raise SettingsError(
            "Precision: fp16 needs a graphics card of NVIDIA or AMD, and this machine shows none",
            remedy="Choose “auto”.",
            field="precision",
        )
    return settings.precision
