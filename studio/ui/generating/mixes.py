"""Mixes: what the mixer knows of the library, and the sets of LoRAs that a person keeps.

A set is a JSON file in the workspace's folder `sets`, named as the person called it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from send2trash import send2trash

from studio.adapters.blocks import MASKS
from studio.adapters.inspection import inspect
from studio.adapters.library import find_adapter
from studio.errors import SettingsError, StudioError
from studio.generate.settings import Mix
from studio.settings import knobs
from studio.ui.desk import Desk
from studio.ui.generating.servant import Answer, Question
from studio.ui.library import Library, best_weight
from studio.workspace import Workspace, safe_name, writing

ON_THE_CARD = frozenset({"name", "weight", "on", "solo", "mute"})
READY = {"blocks": MASKS}  # words that a text field of a mix understands
TAGS = 12  # tags of a LoRA that the picker looks into
Row = dict[str, Any]


class Mixes:
    """Answers the mixer."""

    def __init__(self, desk: Desk, library: Library) -> None:
        self.desk, self.library = desk, library

    def shelf(self, base: str) -> str:
        """What the mixer needs to know of each LoRA, and the knobs in a card's fold, as JSON."""
        known = {card.name: card for card in self.library.cards()}
        cards = []
        for shown in self.library.shown(base):
            card = known.get(shown["name"])
            weight = best_weight(card) if card else None
            tags = card.tags[:TAGS] if card else ()
            note = card.note if card else ""
            words = " ".join((shown["name"], shown["title"], shown["trigger"], *tags, note)).lower()
            about = " · ".join(filter(None, (card.kind if card else "", shown["size"])))
            fresh = shown["fresh"] and not (card and card.last_weight is not None)
            cards.append({**shown, "weight": weight, "words": words, "about": about, "fresh": fresh})
        return json.dumps({"cards": cards, "knobs": mix_knobs()})

    def answer_receipt(self, question: Question) -> Answer:
        """What is in the file of one LoRA."""
        card = find_adapter(self.desk.workspace, str(question["name"]))
        return {"lines": list(inspect(card.path).items())}

    def answer_sets(self, _: Question) -> Answer:
        """The sets that were kept, by name."""
        return {"sets": [_told(file, rows) for file, rows in _sets(self.desk.workspace)]}

    def answer_keep_set(self, question: Question) -> Answer:
        """Keep the mix under a name; one of that name is replaced by it, and goes to the system's bin."""
        name = str(question["name"]).strip()
        if not name:
            return {**self.answer_sets(question), "fault": "Give the mix a name first."}
        rows = [plain(row) for row in question["rows"] if row.get("on")]
        if not rows:
            return {**self.answer_sets(question), "fault": "No LoRA is on; there is nothing to keep."}
        file = _folder(self.desk.workspace) / f"{safe_name(name)}.json"
        if file.exists():
            send2trash(file)
        with writing(file) as out:
            json.dump({"adapters": rows}, out, ensure_ascii=False, indent=1)
        return self.answer_sets(question)

    def answer_drop_set(self, question: Question) -> Answer:
        """Put a set into the system's bin."""
        wanted = str(question["name"])
        for file, _ in _sets(self.desk.workspace):
            if file.stem == wanted:
                send2trash(file)
        return self.answer_sets(question)


def mix_knobs() -> list[dict[str, Any]]:
    """The knobs of a mix that lie in a card's fold, for `studio.knob` on the page."""
    return [
        {
            "name": knob.name,
            "label": knob.label,
            "help": knob.help,
            "type": knob.type.__name__,
            "minimum": knob.minimum,
            "maximum": knob.maximum,
            "step": knob.step,
            "choices": knob.choices,
            "ready": READY.get(knob.name, ()),
            "default": knob.default,
        }
        for knob in knobs(Mix)
        if knob.name not in ON_THE_CARD
    ]


def plain(row: Mapping[str, Any]) -> Row:
    """What a mixer's row says of the mix itself, its weight without the noise of arithmetic.

    Raises `SettingsError` for a value that cannot be.
    """
    names = {knob.name for knob in knobs(Mix)}
    values = {name: value for name, value in row.items() if name in names}
    values["weight"] = round(float(values.get("weight", 1)), 4)
    return Mix.parse(values).model_dump(mode="json")


def of_picture(used: Iterable[Row], rows: Iterable[Row] | None) -> list[Row]:
    """The rows that make a picture's mix: its adapters on, the other rows kept but off."""
    on = [{**one, "weight": float(one["weight"]), "on": True} for one in used]
    names = {one["name"] for one in on}
    return [*on, *({**row, "on": False} for row in rows or () if row["name"] not in names)]


def _folder(workspace: Workspace) -> Path:
    return workspace.root / "sets"


def _sets(workspace: Workspace) -> list[tuple[Path, list[Row]]]:
    """The sets that can be read; a damaged file is left alone."""
    found = []
    for file in sorted(_folder(workspace).glob("*.json"), key=lambda path: path.stem.casefold()):
        try:
            rows = json.loads(file.read_text(encoding="utf-8"))["adapters"]
            found.append((file, [plain(row) for row in rows]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, SettingsError, StudioError):
            continue
    return found


def _told(file: Path, rows: list[Row]) -> dict[str, Any]:
    parts = [f"{row['name'].rpartition('/')[2]} {row['weight']:g}" for row in rows]
    return {"name": file.stem, "told": ", ".join(parts), "rows": rows}
