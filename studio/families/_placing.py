"""Placing: an opened model of which only the part that works is on the card.

The others wait in the machine's memory. Moving them takes a second or two, where text, latents and
denoising follow each other; side by side they would need half as much again, with T5 three times as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import ref

from studio.models.storage._base import is_packed

if TYPE_CHECKING:
    import torch
    from torch import nn

    from studio.families._base import Model

ROOM = 5 * 2**29
"""Bytes to work in beside all weights: decoding 1024 × 1024 pixels takes most of it."""
DENOISER, VAE, TEXT = "denoiser", "vae", "text"


class Place:
    """Which of a model's parts are on the card; only those of one group at a time."""

    def __init__(self, device: torch.device, groups: Mapping[str, Iterable[nn.Module]]) -> None:
        self.device = device
        self._groups = {name: [ref(each) for each in modules] for name, modules in groups.items()}
        self._here: str | None = None

    def bring(self, name: str) -> None:
        """Have this group on the card, and no other."""
        if name == self._here:
            return
        if self._here is not None:
            self._move(self._here, "cpu")
        self._here = name
        self._move(name, self.device)

    def join(self, one: str, other: str) -> None:
        """From now on both are on the card together, as when both learn."""
        self._groups[one] += self._groups[other]
        self._groups[other] = self._groups[one]
        if self._here in (one, other):
            self._here = one
            self._move(one, self.device)

    def group_of(self, module: nn.Module) -> str:
        """The group in which a module is."""
        return next(
            name for name, members in self._groups.items() if any(each() is module for each in members)
        )

    def _move(self, name: str, device: Any) -> None:
        for member in self._groups[name]:
            module = member()
            if module is not None:
                move(module, device)


def move(module: nn.Module, device: Any) -> None:
    """Put all weights of a module somewhere else; its parameters stay the same objects."""
    module.to(device)


def stream(module: nn.Module, device: torch.device) -> None:
    """Let a module's layers come to the card one by one, each for its own work only."""
    from accelerate import cpu_offload

    cpu_offload(module, execution_device=device)


def size_of(module: nn.Module) -> int:
    """Bytes of a module's weights as they are stored."""
    return sum(each.numel() * each.element_size() for each in module.parameters())


def has_packed(module: nn.Module) -> bool:
    """Whether a storage has taken some of a module's layers."""
    return any(is_packed(each) for each in module.parameters())


def crowded(parts: Mapping[str, Any], device: torch.device) -> bool:
    """Whether all parts at once, and room to work in, would fill the card."""
    import torch

    if device.type != "cuda":
        return False
    whole = sum(size_of(part) for part in parts.values() if hasattr(part, "parameters"))
    return whole + ROOM > torch.cuda.mem_get_info(device)[0]


def placed(parts: Mapping[str, Any], device: torch.device) -> None:
    """Put all parts that have weights on the card at once."""
    for part in parts.values():
        if hasattr(part, "parameters"):
            move(part, device)


def frugally_placed(model: Model, device: torch.device) -> Place:
    """Let every part come to the card when it is called; text encoders larger than the denoiser by layers.

    Packed ones come whole: they are small enough, and moving a layer packs it anew.
    """
    model.device = device
    largest = size_of(model.denoiser)
    encoders = list(model.prompt_encoders)
    whole = [encoder for encoder in encoders if size_of(encoder) <= largest or has_packed(encoder)]
    for encoder in encoders:
        if encoder not in whole:
            stream(encoder, device)
    groups = {DENOISER: [model.denoiser], VAE: [model.vae], TEXT: whole}
    place = Place(device, groups)
    for modules in groups.values():
        for module in modules:
            _come_when_called(module, place)
    return place


def _come_when_called(module: nn.Module, place: Place) -> None:
    from accelerate.hooks import ModelHook, add_hook_to_module

    class Comes(ModelHook):  # type: ignore[misc]
        """Known to pipelines by `execution_device`, and to a VAE's `encode` and `decode`."""

        execution_device = place.device

        def pre_forward(self, module: nn.Module, *args: Any, **named: Any) -> tuple[Any, Any]:
            place.bring(place.group_of(module))
            return args, named

    add_hook_to_module(module, Comes())
