"""Weightless: base models of real size whose weights have shapes and types, and take no memory.

They are modules of the real classes on torch's `meta` device, opened by their family's own `assemble`, so
that what is counted on them is what runs. Nothing is read but configurations.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from studio.families import _placing
from studio.memory.attending import attention
from studio.memory.blueprints import Blueprint
from studio.memory.counting import WEIGHTLESS, Counter
from studio.memory.packing import pack

if TYPE_CHECKING:
    from studio.families._base import Model

DEVICE = torch.device(WEIGHTLESS)
TOKENS = 77  # that a CLIP reads


@contextmanager
def weightless() -> Iterator[Counter]:
    """Count what lives on the weightless device; parts that leave the card leave the count."""
    counter = Counter(WEIGHTLESS)

    def move(module: nn.Module, device: Any) -> None:
        (counter.enter if torch.device(device).type == WEIGHTLESS else counter.leave)(module)

    def stream(module: nn.Module, device: Any) -> None:
        counter.leave(module)
        module.register_forward_pre_hook(lambda *_: _pass_through(module))

    def _pass_through(module: nn.Module) -> None:
        """The largest of its layers has to be there at once."""
        torch.empty(max(_own_bytes(each) for each in module.modules()), dtype=torch.uint8, device=DEVICE)

    with ExitStack() as changes:
        changes.enter_context(patch.object(_placing, "move", move))
        changes.enter_context(patch.object(_placing, "stream", stream))
        changes.enter_context(patch("torch.nn.functional.scaled_dot_product_attention", attention))
        changes.enter_context(patch("torch.is_autocast_enabled", lambda *_: False))  # none for this device
        changes.enter_context(counter)
        yield counter


def open_weightless(
    blueprint: Blueprint, *, dtype: torch.dtype, storage: str = "plain", frugal: bool = True
) -> Model:
    """The base model; a frugal one has nothing on the device until a part is called."""
    parts = empty_parts(blueprint, dtype)
    for name in blueprint.family.stored:
        if name in parts:
            pack(parts[name], storage)
    return assembled(blueprint, parts, DEVICE, frugal=frugal)


def empty_parts(blueprint: Blueprint, dtype: torch.dtype) -> dict[str, Any]:
    """All parts of a base model, without weight."""
    with _made_of(dtype):
        return {name: _part(blueprint, name) for name in blueprint.parts}


def assembled(blueprint: Blueprint, parts: dict[str, Any], device: torch.device, *, frugal: bool) -> Model:
    """A model of these parts, as `Family.open` makes it."""
    model = blueprint.family.assemble(parts)
    if frugal:
        for part in parts.values():
            if isinstance(part, nn.Module):
                _placing.move(part, "cpu")
        model.place = _placing.frugally_placed(model, device)
    return model


class Words:
    """In place of a tokenizer: every prompt has as many tokens as are read at most."""

    def __init__(self, longest: int = TOKENS) -> None:
        self.model_max_length = longest

    def __call__(self, prompts: str | Sequence[str], *, max_length: int = 0, **_: Any) -> Any:
        """{"input_ids", "attention_mask"}: (prompts, tokens)."""
        count = 1 if isinstance(prompts, str) else len(prompts)
        ids: Tensor = torch.ones(count, max_length or self.model_max_length, dtype=torch.long)
        return SimpleNamespace(input_ids=ids, attention_mask=torch.ones_like(ids))

    def tokenize(self, prompt: str) -> list[str]:
        """None of them has a meaning of its own."""
        return []

    def batch_decode(self, ids: Tensor) -> list[str]:
        """What pipelines say was cut off."""
        return [""] * len(ids)


@contextmanager
def _made_of(dtype: torch.dtype) -> Iterator[None]:
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with DEVICE:
            yield
    finally:
        torch.set_default_dtype(usual)


def _part(blueprint: Blueprint, name: str) -> Any:
    library, _, kind = blueprint.parts[name].partition(".")
    if name.startswith("tokenizer"):
        return Words()
    made: Any = getattr(importlib.import_module(library), kind)
    config = dict(blueprint.configs.get(name, {}))
    if library == "transformers":
        return made(made.config_class(**config)).eval()
    with torch.device("cpu"):
        scheduler = made.from_config(config) if name == "scheduler" else None
    if scheduler is not None:
        return scheduler
    return made.from_config(config).eval().to(torch.get_default_dtype())  # buffers too, as from a file


def _own_bytes(module: nn.Module) -> int:
    return sum(each.numel() * each.element_size() for each in module.parameters(recurse=False))
