"""Receipts: what was found in an adapter file, and how much of it fits the base model."""

from __future__ import annotations

from dataclasses import dataclass

from studio.adapters.metadata import AdapterFacts
from studio.errors import AdapterError


@dataclass(frozen=True)
class Receipt:
    """What one file holds, and what of it fits one base model.

    `matched` and `layers` count layers by part of the model, "denoiser" and the text encoders;
    `unknown` names the file's layers that the base does not have, `misfits` those that it has in
    another size. `ranks` and `alphas` are all that occur, ascending; `hash` is the SHA-256 of the
    tensors' bytes. The last two are known once the weights are read.
    """

    name: str
    base: str
    facts: AdapterFacts
    layers: int
    matched: dict[str, int]
    unknown: tuple[str, ...]
    misfits: tuple[str, ...]
    ranks: tuple[int, ...]
    alphas: tuple[float, ...] = ()
    hash: str = ""
    kind: str = "LoRA"

    def demand_full_match(self) -> None:
        """Raise `AdapterError` unless every layer fits: an adapter is applied whole or not at all."""
        fitting = sum(self.matched.values())
        if fitting == self.layers:
            return
        said = self.facts.base_version or self.facts.architecture or self.facts.base
        note = f", and it says that it is for “{said[:60]}”" if said else ""
        raise AdapterError(
            f"The LoRA “{self.name}” does not fit {self.base}",
            why=f"{fitting} of its {self.layers} layers are there in the same size{note}",
            remedy="Choose the base model that it was made for, or take the LoRA out.",
        )
