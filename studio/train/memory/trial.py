"""The trial: a training's own steps on a base without weight, to count what each phase needs.

What runs is the training itself: its network, loop, objective and optimizer, the family's model. Only three
things stand in for real ones: a prompt's tokens, a picture's pixels and what reading a number off the card
gives. The samples' scheduler, whose sums are small, is left out: one step of the denoiser as guidance
doubles it, then the VAE.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch

from studio.data.buckets import buckets
from studio.data.dataset import Picture
from studio.families._placing import size_of
from studio.memory.blueprints import Blueprint
from studio.memory.sampling import guide, latents_shape
from studio.memory.weightless import open_weightless, weightless
from studio.models.opening import precision
from studio.models.storage._base import stored_layers
from studio.networks import NETWORKS
from studio.train.buckets import Size
from studio.train.plan import Example, Plan, further_resolutions
from studio.train.settings import TrainSettings

if TYPE_CHECKING:
    from torch import Tensor, nn

    from studio.families._base import Conditioning, Model
    from studio.train.loop import Loop

PROMPT = "a prompt"


@dataclass(frozen=True)
class Counted:
    """Peak bytes by phase ("text", "latents", "step", "sampling", "saving"), and what they are made of.

    `facts` are the bytes that a step needs beside what lies there anyway ("activations") and those of the
    text encoders that learn ("text"), the numbers trained ("trained") and those that a storage could pack
    ("stored").
    """

    peaks: dict[str, int]
    facts: dict[str, Any]


class Counts(Protocol):
    """What counts: on weights that take none, or on a card."""

    peaks: dict[str, int]

    @property
    def live(self) -> int:
        """Bytes now."""

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Keep the peak of what happens inside."""

    def leave(self, module: nn.Module) -> None:
        """This module is no longer on the card."""


def count(settings: TrainSettings, blueprint: Blueprint, *, dtype: str, frugal: bool = True) -> Counted:
    """Do each phase once; on the processor nothing is `frugal`."""
    with weightless() as counter:
        model = open_weightless(blueprint, dtype=precision(dtype), storage=settings.storage, frugal=frugal)
        return run_phases(model, settings, counter)


def run_phases(model: Model, settings: TrainSettings, counter: Counts, *, steps: int = 1) -> Counted:
    """Each phase of a training with this model, whose weights may be real; more steps take its speed."""
    torch.manual_seed(0)
    stored = sum(layer.weight.numel() for _, layer in stored_layers(model.denoiser))
    size = largest_bucket(settings, model)
    with counter.phase("text"), torch.no_grad():
        told = {name: each.cpu() for name, each in model.encode_prompts([PROMPT]).items()}
    with counter.phase("latents"), torch.no_grad():
        latents = model.encode_pictures(torch.zeros(1, 3, size[1], size[0]))[0].cpu()
    with _alone():
        loop = _loop(model, settings, counter, (told, latents, size))
        prime(loop)
        before = counter.live
        with counter.phase("step"):
            loop.step()
        began = time.perf_counter()
        for _ in range(steps - 1):
            loop.step()
        speed = (steps - 1) / (time.perf_counter() - began)
        with counter.phase("sampling"), loop.at_rest():
            sample(model, told, size)
        with counter.phase("saving"), loop.at_rest():
            loop.state()
            loop.attached.factors()
    facts = {
        "activations": counter.peaks["step"] - before,
        "text": sum(map(size_of, model.text_encoders.values())),
        "trained": sum(weight.numel() for weight in loop.attached.weights.values()),
        "stored": stored,
        "steps_per_second": speed,
    }
    return Counted(counter.peaks, facts)


def largest_bucket(settings: TrainSettings, model: Model) -> Size:
    """The bucket of the most pixels of all resolutions that are trained."""
    resolution = settings.resolution or model.family.defaults.resolution
    sides = (resolution, *further_resolutions(settings))
    every = [size for side in sides for size in buckets(side, model.side_multiple)]
    return max(every, key=lambda size: size[0] * size[1])


def prime(loop: Loop) -> None:
    """Let the optimizer make its states, as it has them in every step but the first."""
    for weight in loop.attached.weights.values():
        weight.grad = torch.zeros_like(weight)
    for pack in loop.packs:
        pack.gather()
    loop.optimizer.optimizer.step()
    loop.optimizer.optimizer.zero_grad()


def sample(model: Model, told: Conditioning, size: Size) -> None:
    """What painting a picture needs at most: a guided step of the denoiser, then the VAE."""
    with torch.no_grad():
        latents = torch.empty(latents_shape(model, size), device=model.device, dtype=model.dtype)
        guide(model, told, latents)
        model.decode_latents(latents)


def _loop(
    model: Model, settings: TrainSettings, counter: Counts, seen: tuple[Conditioning, Tensor, Size]
) -> Loop:
    """As `TrainEngine` makes it, of one picture that comes as often as a batch wants."""
    from accelerate import Accelerator

    from studio.train.crew import Crew
    from studio.train.loop import Loop
    from studio.train.preparing import Material, Shelf

    told, latents, size = seen
    model.bring("denoiser")
    attached = NETWORKS.get(settings.network).attach(model, settings)
    if attached.text_weights:
        model.join("denoiser", "text")
    else:
        _let_go(model, counter)
    model.train_with(checkpointing=settings.gradient_checkpointing)
    example = Example(Picture(Path("picture.png"), PROMPT, size), size, PROMPT)
    plan = Plan(size[0], (example,), (), (PROMPT,), PROMPT, 1, 1, ())
    shelf = Shelf((example,), {(0, False): latents, (0, True): latents})
    material = Material(plan, shelf, Shelf(), Shelf(), {PROMPT: told, "": told})
    crew = Crew(
        Accelerator(cpu=model.device.type != "cuda", gradient_accumulation_steps=settings.accumulation)
    )
    return Loop(model, attached, settings, material=material, seed=0, crew=crew)


def _let_go(model: Model, counter: Counts) -> None:
    """As a training does; a log or a warning may know of a module for longer, and must not count."""
    vae: Any = model.vae
    gone = [*model.prompt_encoders, vae.encoder]
    model.free_encoders()
    for module in gone:
        counter.leave(module)


@contextmanager
def _alone() -> Iterator[None]:
    """accelerate's state is left as it was."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        yield
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
