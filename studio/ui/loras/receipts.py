"""Receipts for the page: what a file holds and what of it fits a base, in plain words and without torch."""

from __future__ import annotations

from typing import Any

from studio.adapters.base_files import file_table
from studio.adapters.entries import read_entries
from studio.adapters.header import read_header
from studio.adapters.inspection import inspect
from studio.adapters.library import Card
from studio.adapters.naming import LayerTable
from studio.adapters.reading import make_receipt
from studio.adapters.receipt import Receipt
from studio.errors import StudioError
from studio.models.identify import identify
from studio.models.layout import read_layout
from studio.models.source import base_of_family, resolve
from studio.ui.library import family_title
from studio.workspace import Workspace

SHOWN = 40  # of the layers that are ignored
PARTS = {"denoiser": "what paints", "text_encoder": "the text encoder"}


class Receipts:
    """Those of one workspace; the tables of bases are kept."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._tables: dict[str, LayerTable] = {}

    def base_for(self, card: Card) -> str:
        """A base on this machine of the family for which a LoRA was made; empty if there is none."""
        return base_of_family(self.workspace, card.family) if card.family else ""

    def of(self, card: Card, base: str) -> dict[str, Any]:
        """`lines` of what is in the file; with a base its name, whether it `fits`, and what is ignored."""
        lines = list(inspect(card.path).items()) if not card.fault else []
        if not base or card.fault:
            made_for = family_title(card.family) if card.family else ""
            lacking = f"There is no base model for {made_for} here to compare it with." if made_for else ""
            return {"lines": lines, "base": "", "fits": "", "told": card.fault or lacking, "ignored": []}
        try:
            table = self._table(base)
            header = read_header(card.path)
            receipt = make_receipt(card.path, header, read_entries(card.path, header), table)
        except StudioError as fault:
            return {"lines": lines, "base": base, "fits": "", "told": str(fault), "ignored": []}
        ignored = [[name, why] for name, why in list(receipt.ignored.items())[:SHOWN]]
        return {"lines": lines, "base": base, "ignored": ignored, **in_words(receipt, len(receipt.ignored))}

    def _table(self, base: str) -> LayerTable:
        if base not in self._tables:
            source = resolve(base, self.workspace)
            self._tables[base] = file_table(identify(source), read_layout(source))
        return self._tables[base]


def in_words(receipt: Receipt, ignored: int) -> dict[str, str]:
    """`fits` is "whole", "partly" or "not", `told` the sentences that say it."""
    fitting = sum(receipt.matched.values())
    parts = [
        f"{receipt.matched.get(part, 0)} of {count} in {PARTS.get(part, part.replace('_', ' '))}"
        for part, count in receipt.of.items()
    ]
    layers = f"{' and '.join(parts)}."
    if receipt.whole:
        more = f" {layers}" if len(parts) > 1 else ""
        return {"fits": "whole", "told": f"All of its {receipt.layers} layers fit {receipt.base}.{more}"}
    if not fitting:
        return {"fits": "not", "told": f"None of its {receipt.layers} layers fits {receipt.base}."}
    one = "1 layer is" if ignored == 1 else f"{ignored} layers are"
    return {"fits": "partly", "told": f"It fits {receipt.base} in part: {layers} {one} ignored."}
