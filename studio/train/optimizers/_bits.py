"""bitsandbytes' optimizers, told by each group in how many bits to remember it."""

from __future__ import annotations

from typing import Any


def by_group(optimizer: type[Any]) -> type[Any]:
    """The optimizer, heeding "optim_bits" in a group of weights over its own; without it, as it is.

    bitsandbytes can be told so for single tensors only, and for as long as the program runs.
    """

    class ByGroup(optimizer):  # type: ignore[misc]
        def get_config(self, gindex: int, pindex: int, group: dict[str, Any]) -> dict[str, Any]:
            config: dict[str, Any] = super().get_config(gindex, pindex, group)
            return config | {name: group[name] for name in ("optim_bits",) if name in group}

    ByGroup.__name__ = optimizer.__name__
    return ByGroup
