"""A network put into the tiny base, trained a little and written, for the tests of networks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from studio.adapters.mixing import Mixer
from studio.adapters.naming import kohya_key, layer_table
from studio.adapters.reading import Adapter, read_adapter
from studio.adapters.writing import write_adapter
from studio.families._base import Model
from studio.networks import NETWORKS
from studio.networks._base import Attached


def settings(**values: Any) -> SimpleNamespace:
    usual = {
        "rank": 4,
        "alpha": 2.0,
        "dropout": 0.0,
        "blocks": "",
        "initialization": "usual",
        "rank_stabilised": False,
        "text_learning_rate": 0.0,
    }
    return SimpleNamespace(**{**usual, **values})


def attach(model: Model, name: str, **values: Any) -> Attached:
    torch.manual_seed(5)
    attached = NETWORKS.get(name).attach(model, settings(**values))
    attached.observe(lambda number: said(model, number))
    return attached


def said(model: Model, number: int = 1, side: int = 8) -> torch.Tensor:
    latents = torch.randn(2, 4, side, side, generator=torch.Generator().manual_seed(number))
    told = model.encode_prompts(["a fox", "a cat"])
    return model.predict(latents, torch.tensor([10, 900]), told)


def train(model: Model, attached: Attached, steps: int = 3) -> torch.Tensor:
    """A few real steps; returns what the trained model says."""
    model.train_with(checkpointing=False)
    optimizer = torch.optim.Adam(attached.weights.values(), lr=2e-2)
    for number in range(steps):
        (said(model, number) - 1).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        return said(model)


def write(path: Path, model: Model, attached: Attached, dtype: torch.dtype = torch.float32) -> Path:
    factors = {kohya_key("lora_unet", layer): each for layer, each in attached.factors().items()}
    for part, layers in attached.text_factors().items():
        prefix = model.family.text_prefixes[part]
        factors |= {kohya_key(prefix, layer): each for layer, each in layers.items()}
    write_adapter(path, factors, {}, dtype=dtype)
    return path


def read_into(fresh: Model, path: Path) -> Adapter:
    adapter = read_adapter(path, layer_table(fresh))
    Mixer(fresh).apply([(adapter, 1.0)])
    return adapter
