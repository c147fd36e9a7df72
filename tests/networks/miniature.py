"""The miniature and the fox that it never saw, encoded once, for the tests of what is learned."""

from __future__ import annotations

from copy import copy, deepcopy
from functools import cache
from types import SimpleNamespace
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from studio.families._base import Conditioning, Model
from studio.models.opening import open_model
from studio.networks import NETWORKS
from studio.networks._base import Attached
from studio.train import objective
from studio.train.cache import pixels
from studio.train.optimizers import OPTIMIZERS
from studio.train.schedules import SCHEDULES
from studio.workspace import Workspace
from tests.conftest import ROOT

PICTURES, BATCH = 8, 4
PROMPT = "a picture of sks fox"
LEVELS = torch.tensor(
    [300, 500, 700, 850]
)  # at which the loss is measured: where a subject's shape is decided


class Miniature:
    """The base opened, latents of the fox's pictures, and the prompt's embedding."""

    def __init__(self, workspace: Workspace) -> None:
        self.base = open_model("pocket", workspace, device=torch.device("cpu"))
        folder = ROOT / "assets" / "demo" / "subject"
        paths = sorted(folder.glob("*.png"))[:PICTURES]
        images = [Image.open(path).convert("RGB").resize((128, 128), Image.Resampling.BOX) for path in paths]
        self.pictures = torch.stack([pixels(image, mirrored=False) for image in images])
        with torch.no_grad():
            self.latents = self.base.encode_pictures(self.pictures)
            self.told, self.nothing = (self.base.encode_prompts([prompt]) for prompt in (PROMPT, ""))
        self.noises = self.base.schedule()

    def model(self) -> Model:
        """The base with a denoiser of its own, to be trained."""
        fresh = copy(self.base)
        fresh.denoiser = deepcopy(self.base.denoiser)
        return fresh

    def said(self, model: Model) -> Tensor:
        """What a model says of noisy pictures of the fox."""
        with torch.no_grad():
            return model.predict(self.latents[:4], LEVELS, rows(self.told, 4))

    def fixed_loss(self, model: Model) -> float:
        """The loss on all pictures at noise that is always the same, and that no training uses."""
        latents = self.latents.repeat_interleave(len(LEVELS), 0)
        with torch.no_grad():
            found = objective.loss(
                model,
                self.noises,
                latents,
                rows(self.told, len(latents)),
                noise=objective.draw_noise(latents, 0, 0),
                timesteps=LEVELS.repeat(len(self.latents)),
            )
        return float(found)

    def likeness(self, model: Model) -> float:
        """How like the fox what a model paints is: the mean cosine of the image tower's features."""
        model.denoiser.eval()
        pipe: Any = model.pipeline()
        told = {name: row.expand(2, *row.shape[1:]) for name, row in self.told.items()}
        told |= {f"negative_{name}": row.expand(2, *row.shape[1:]) for name, row in self.nothing.items()}
        with torch.no_grad():
            painted = pipe(
                **told,
                width=128,
                height=128,
                num_inference_steps=6,
                guidance_scale=3.0,
                output_type="pt",
                generator=torch.Generator().manual_seed(3),
            ).images
        return float((seen(painted * 2 - 1) @ seen(self.pictures).T).mean())


def rows(told: Conditioning, count: int) -> Conditioning:
    return {name: row.expand(count, *row.shape[1:]) for name, row in told.items()}


@cache
def _tower() -> Any:
    from transformers import CLIPModel

    return CLIPModel.from_pretrained(ROOT / "assets" / "pocket" / "clip", local_files_only=True).eval()


def seen(pictures: Tensor) -> Tensor:
    """The image tower's features (pictures, width) of pixels in -1…1, of length 1."""
    side = _tower().config.vision_config.image_size
    small = torch.nn.functional.interpolate(pictures, (side, side), mode="area")
    with torch.no_grad():
        found = _tower().get_image_features(pixel_values=small)
    found = getattr(found, "pooler_output", found)
    return torch.nn.functional.normalize(found, dim=1)


def train(
    miniature: Miniature,
    model: Model,
    attached: Attached,
    *,
    optimizer: str = "adamw",
    rate: float,
    steps: int,
    schedule: str = "constant",
) -> None:
    """As the training does it; by itself at a level learning rate."""
    settings = SimpleNamespace(learning_rate=rate, weight_decay=0.01)
    curve = SCHEDULES.get(schedule)
    kind = OPTIMIZERS.get(optimizer)
    built = kind.build(list(attached.weights.values()), settings)
    model.train_with(checkpointing=False)
    for step in range(steps):
        for group in built.param_groups:
            group["lr"] = rate * curve.curve(step / steps, PLAIN)
        latents = miniature.latents[[(BATCH * step + each) % PICTURES for each in range(BATCH)]]
        objective.training_loss(
            model, miniature.noises, latents, rows(miniature.told, BATCH), settings=PLAIN, seed=1, number=step
        ).backward()
        built.step()
        built.zero_grad()
    with kind.settled(built):
        settled = [weight.detach().clone() for weight in attached.weights.values()]
    for weight, value in zip(attached.weights.values(), settled, strict=True):
        weight.data.copy_(value)


def attach(miniature: Miniature, model: Model, name: str, **values: Any) -> Attached:
    """A network of rank 8."""
    usual = {
        "rank": 8,
        "alpha": 0.0,
        "dropout": 0.0,
        "blocks": "",
        "initialization": "usual",
        "rank_stabilised": False,
        "text_learning_rate": 0.0,
    }
    torch.manual_seed(0)
    attached = NETWORKS.get(name).attach(model, SimpleNamespace(**{**usual, **values}))
    attached.observe(lambda number: miniature.said(model))
    return attached


PLAIN: Any = SimpleNamespace(
    min_snr_gamma=0.0,
    debiased=False,
    huber=0.0,
    noise_offset=0.0,
    input_perturbation=0.0,
    zero_terminal_snr=False,
    timestep_bias="auto",
    timestep_shift=1.0,
    timestep_from=0.0,
    timestep_to=1.0,
)
