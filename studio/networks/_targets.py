"""Which layers of a model a network is put into, from their names and shapes; without torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from studio.adapters.naming import DENOISER
from studio.errors import SettingsError
from studio.models.storage import _base as storage

if TYPE_CHECKING:
    from torch import nn

    from studio.families._base import Family

Shape = tuple[int, ...]


def chosen_layers(
    family: Family, part: str, layers: Mapping[str, Shape], *, blocks: str, wide: bool
) -> list[str]:
    """The paths of the layers to train in a part of a model, in their order.

    `blocks` are the person's words, empty for all; they concern the denoiser alone. Raises
    `SettingsError` for a block that the family does not have, or if nothing is left.
    """
    named = _named_blocks(family, blocks)
    if part != DENOISER:
        targets, begins = family.text_target_modules, [family.text_blocks]
    else:
        targets, begins = (
            family.defaults.target_modules,
            [family.blocks[name] for name in named or family.blocks],
        )
    within = re.compile("|".join(begins))
    everywhere = part == DENOISER and not wide and not named
    ends = tuple(f".{target}" for target in targets)
    found = [
        path for path in layers if (everywhere or within.match(path)) and (wide or f".{path}".endswith(ends))
    ]
    if not found:
        raise SettingsError(
            f"Which blocks: there is nothing to train in “{blocks}” of {family.title}"
            if blocks
            else f"There is nothing to train in the {part.replace('_', ' ')} of {family.title}",
            remedy="Choose other blocks, or another network.",
            field="blocks",
        )
    return found


def _named_blocks(family: Family, blocks: str) -> list[str]:
    names = [name.strip().lower() for name in blocks.split(",") if name.strip()]
    unknown = [name for name in names if name not in family.blocks]
    if unknown:
        raise SettingsError(
            f"Which blocks: {family.title} has none called “{unknown[0]}”",
            remedy=f"Choose from: {', '.join(family.blocks)}. Empty means all.",
            field="blocks",
        )
    return names


def layers_of(module: nn.Module) -> dict[str, Shape]:
    """The shapes of the linear layers and convolutions in a module, by path.

    A quantised layer's weight is packed; its shape is what it stands for.
    """
    return dict(_layers_of(module))


def is_packed(module: nn.Module, paths: Iterable[str]) -> bool:
    """Whether a storage has taken any of these layers."""
    layers: list[Any] = [module.get_submodule(path) for path in paths]
    return any(storage.is_packed(layer.weight) for layer in layers)


def _layers_of(root: nn.Module) -> Iterator[tuple[str, Shape]]:
    from torch import nn

    for path, module in root.named_modules():
        if isinstance(module, nn.Linear):
            yield path, (module.out_features, module.in_features)
        elif isinstance(module, nn.Conv2d) and module.groups == 1:
            yield path, (module.out_channels, module.in_channels, *module.kernel_size)
