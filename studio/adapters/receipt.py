"""Receipts: what was found in an adapter file, and how much of it fits the base model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from studio.adapters.metadata import AdapterFacts
from studio.errors import AdapterError
from studio.families import family_named

NOT_THERE, OTHER_SIZE = "the base has no such layer", "the base's layer has another size"


@dataclass(frozen=True)
class Receipt:
    """What one file holds, and what of it fits one base model.

    `matched` and `of` count layers by part of the model, "denoiser" and the text encoders, those that
    fit and those in the file; `layers` is their sum. `unknown` names the file's layers that the base
    does not have, `misfits` those that it has in another size. `ranks` and `alphas` are all that
    occur, ascending; `hash` is the SHA-256 of the tensors' bytes. The last two are known once the
    weights are read. `family` is the one it was made for, as far as the file tells.
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
    family: str = ""
    of: Mapping[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every layer of the file fits."""
        return sum(self.matched.values()) == self.layers

    @property
    def ignored(self) -> dict[str, str]:
        """The layers that are left out, and why."""
        return dict.fromkeys(self.unknown, NOT_THERE) | dict.fromkeys(self.misfits, OTHER_SIZE)

    def demand_match(self, *, anyway: bool = False) -> None:
        """Raise `AdapterError` unless every layer fits: an adapter is applied whole or not at all.

        With `anyway`, which is the person's own word, one layer is enough.
        """
        fitting = sum(self.matched.values())
        if self.whole or (anyway and fitting):
            return
        family, facts = family_named(self.family), self.facts
        said = family.title if family else facts.base_version or facts.architecture or facts.base
        note = f", and it says that it is for “{said[:60]}”" if said else ""
        raise AdapterError(
            f"The LoRA “{self.name}” does not fit {self.base}",
            why=f"{fitting} of its {self.layers} layers are there in the same size{note}",
            remedy="Choose the base model that it was made for, or take the LoRA out.",
        )

    def lines(self) -> dict[str, str]:
        """The receipt for reading, line by line; what is not known is left out."""
        facts = self.facts
        told = {
            "Fits": ", ".join(
                f"{self.matched.get(part, 0)} of {count} layers of the {part.replace('_', ' ')}"
                for part, count in self.of.items()
            ),
            "Made for": " · ".join(filter(None, (self.family, facts.base_version, facts.base))),
            "Kind": self.kind,
            "Rank": span(self.ranks),
            "Alpha": span(self.alphas),
            "Trigger word": facts.trigger,
            "Trained": facts.training(),
            "Left out": "; ".join(f"{name[:80]}: {why}" for name, why in list(self.ignored.items())[:8])
            + (f"; and {len(self.ignored) - 8} more" if len(self.ignored) > 8 else ""),
            "Hash": self.hash[:12],
        }
        return {label: text for label, text in told.items() if text}


def span(figures: tuple[float, ...]) -> str:
    """A few figures, or the least and the largest of many."""
    if len(figures) > 4:
        return f"{min(figures):g} to {max(figures):g}"
    return ", ".join(f"{each:g}" for each in figures)
