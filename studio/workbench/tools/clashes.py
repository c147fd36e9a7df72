"""Clashes: where LoRAs would fight over the same layers, and how hard each pushes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot
from typing import TYPE_CHECKING, Any

from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.looks import keep_look
from studio.workbench.settings import WorkbenchSettings
from studio.workbench.tools._base import Tool

if TYPE_CHECKING:
    from torch import Tensor

    from studio.adapters.base_files import BaseFiles
    from studio.adapters.clashes import ClashMap
    from studio.adapters.layers import Layer
    from studio.adapters.library import Card
    from studio.adapters.reading import Adapter


class ClashSettings(WorkbenchSettings):
    """On which base."""

    task: str = Knob("clashes", label="Tool", help="What to do.", widget="hidden")
    base: str = Knob(
        "", widget="base", advanced=True, label="Base model", help="Of the mix; empty is one that fits."
    )


class Clashes(Tool):
    """The clash map and the forces, from the files alone: no model is opened."""

    name, title, verb, order = "clashes", "Look for clashes", "Look for clashes", 5
    about = "Says which of the chosen LoRAs want the same layers, and how hard each pushes."
    settings, least = ClashSettings, 1

    def work(self, job: Job, settings: ClashSettings) -> str:
        """Measure, remember, say."""
        from studio.adapters.clashes import clash_map
        from studio.adapters.reading import read_adapter

        names = [part.name for part in settings.loras]
        base = job.base_for(names, settings.base)
        cards, files = job.cards(names), job.files(base)
        adapters = [read_adapter(card.path, files.table, anyway=True) for card in cards]
        weight_of = _weights(adapters, files)
        told = clash_map(adapters, weight_of, job.watch("Comparing the LoRAs"))
        look = {**_told(told), **_forces(job, adapters, files, weight_of)}
        look["sentences"] += _same_words(cards)
        path = keep_look(job.workspace, cards, settings.base, look)
        job.context.artifact("look", path, loras=[part.model_dump() for part in settings.loras])
        sentences = told.sentences()
        if len(adapters) < 2:
            return "It is measured how hard it pushes."
        return sentences[0] if sentences else "No two of them want the same: a mix is likely to go well."


def _weights(adapters: Sequence[Adapter], files: BaseFiles) -> Any:
    """W₀ where a change depends on it; else an empty weight of that shape, which takes no memory."""
    import torch

    from studio.adapters.factors import Dora, Ia3

    def weight_of(layer: Layer) -> Tensor:
        if any(isinstance(adapter.changes.get(layer), Dora | Ia3) for adapter in adapters):
            return files.weight(layer)
        return torch.zeros(()).expand(layer.shape)

    return weight_of


def _told(told: ClashMap) -> dict[str, Any]:
    pairs = [
        {
            "one": one,
            "other": other,
            "cosine": round(touch.cosine, 4),
            "overlap": round(touch.overlap, 4),
            "heat": round(touch.heat, 3),
            "strip": {
                block: [round(each, 4) for each in found] for block, found in told.strips[one, other].items()
            },
        }
        for (one, other), touch in told.pairs.items()
    ]
    return {"names": told.names, "blocks": told.blocks, "pairs": pairs, "sentences": told.sentences()}


def _same_words(cards: Sequence[Card]) -> list[str]:
    """What to know of LoRAs that one word of a prompt calls together."""
    called: dict[str, list[str]] = {}
    for card in cards:
        called.setdefault(card.trigger.strip(), []).append(f"“{card.title}”")
    return [
        f"{' and '.join(titles)} come at the same word, “{word}”: in a prompt it calls all of them."
        for word, titles in called.items()
        if word and len(titles) > 1
    ]


def _forces(job: Job, adapters: Sequence[Adapter], files: BaseFiles, weight_of: Any) -> dict[str, Any]:
    from studio.adapters.blocks import MASKS, ready_mask
    from studio.adapters.force import evened, force, parts_of_total
    from studio.adapters.mixing import Portion
    from studio.workbench.sizes import Sizes

    sizes = Sizes(files, job.workspace)
    sizes.measure({layer for a in adapters for layer in a.changes}, job.watch("Measuring the base, once"))
    portions = [Portion(adapter, 1.0) for adapter in adapters]
    parts = [parts_of_total(portion, weight_of, sizes.of) for portion in portions]
    totals = [hypot(*each.values()) for each in parts]
    by_block = force(portions, weight_of, sizes.of)
    return {
        "force": [
            {"total": round(total, 5), "blocks": _rounded(found), "parts": _rounded(part)}
            for total, found, part in zip(totals, by_block, parts, strict=True)
        ],
        "even": [round(each, 3) for each in evened(totals)],
        "masks": {name: ready_mask(name, files.table.layers) for name in MASKS},
    }


def _rounded(found: Mapping[str, float]) -> dict[str, float]:
    return {block: round(each, 6) for block, each in found.items()}


ENTRY = Clashes()
