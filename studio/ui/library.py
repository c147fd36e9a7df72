"""The library as the mixer shows it: which LoRAs there are, which fit the base, which are new."""

from __future__ import annotations

import filecmp
import shutil
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from studio.adapters.entries import read_entries
from studio.adapters.header import read_header
from studio.adapters.library import Card, adapters, companions
from studio.errors import AdapterError, StudioError
from studio.families import family_named, go_together
from studio.models.identify import identify
from studio.models.source import base_of_family, resolve
from studio.ui.desk import Desk
from studio.ui.faults import seen_or_none
from studio.ui.markup import picture_url, size_in_words
from studio.workspace import Workspace, free_path, safe_name

PATIENCE = 0.6  # seconds for which the page waits for the list; after that it shows what is known
EVERY = 3.0  # seconds after which the folder is looked through even if it seems unchanged
NEW = 1800.0  # seconds for which a LoRA counts as new
AT_FIRST = 6  # LoRAs that are in the mixer when the page is opened

Row = dict[str, Any]


class Library:
    """The cards of the workspace's LoRAs, for the mixer and the LoRAs room."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._cards: list[Card] = []
        self._changed, self._at = 0, 0.0
        self._looking: threading.Thread | None = None
        self._families: dict[str, str] = {}

    def cards(self) -> list[Card]:
        """All LoRAs, newest first; the list is another one only after something has changed.

        A folder with thousands of files that were never seen comes bit by bit.
        """
        changed = self.desk.workspace.loras.stat().st_mtime_ns
        fresh = changed == self._changed
        if not fresh or time.monotonic() - self._at > EVERY:
            if self._looking is None or not self._looking.is_alive():
                self._changed, self._at = changed, time.monotonic()
                self._looking = threading.Thread(target=self._look, name="library", daemon=True)
                self._looking.start()
            if not fresh:
                self._looking.join(PATIENCE)
        return self._cards

    def hurry(self) -> None:
        """Something was changed by hand: look at the next call."""
        self._changed = 0

    @property
    def busy(self) -> bool:
        """Whether files are being looked at for the first time."""
        return self._looking is not None and self._looking.is_alive() and self._some

    _some = False

    def _look(self) -> None:
        seen_or_none(self._keep, adapters(self.desk.workspace, self._so_far))
        self._some = False

    def _so_far(self, cards: list[Card]) -> None:
        self._some = True
        self._keep(cards)

    def _keep(self, cards: list[Card]) -> None:
        if cards != self._cards and not (self._some and len(cards) < len(self._cards)):
            self._cards = cards

    def shown(self, base: str) -> list[Row]:
        """What the mixer needs to know of each."""
        family = self.family(base)
        return [
            {
                "name": card.name,
                "title": card.title,
                "trigger": card.trigger,
                "rank": card.rank,
                "size": size_in_words(card.size_bytes),
                "preview": self._preview(card),
                "misfit": misfit(card, family),
                "fresh": time.time() - card.modified < NEW,
                "made": card.modified,
            }
            for card in self.cards()
        ]

    def at_first(self, base: str, used: Iterable[Row]) -> list[Row]:
        """The mixer's rows when the page is opened: those of the last picture, then the newest, off."""
        family = self.family(base)
        rows = [{**one, "on": True} for one in used]
        there = {row["name"] for row in rows}
        fitting = [c for c in self.cards() if c.name not in there and not misfit(c, family)]
        off = [{"name": card.name, "weight": best_weight(card), "on": False} for card in fitting]
        return rows + off[: max(0, AT_FIRST - len(rows))]

    def arrived(self, rows: Iterable[Row], base: str, since: float) -> list[Row]:
        """Rows of a mixer with the LoRAs that have come since then before them, switched off."""
        kept, family = [*rows], self.family(base)
        there = {row["name"] for row in kept}
        new = [card for card in self.cards() if card.modified > since and card.name not in there]
        fitting = (card for card in new if not misfit(card, family))
        return [{"name": c.name, "weight": best_weight(c), "on": False} for c in fitting] + kept

    def mixes(self, rows: Iterable[Row] | None, base: str) -> list[Row]:
        """The adapters of a generation: the rows that are on, there, and fit or are taken anyway."""
        family = self.family(base)
        known = {card.name: card for card in self.cards()}

        def usable(row: Row) -> bool:
            card = known.get(row["name"])
            return card is not None and (
                not misfit(card, family) or bool(row.get("anyway") and not card.fault)
            )

        return [
            {**row, "weight": round(float(row["weight"]), 4)}
            for row in rows or ()
            if row.get("on") and usable(row)
        ]

    def base_for(self, names: Collection[str], base: str) -> str:
        """The base to change to, where none of these LoRAs fits the present one; empty where none has to."""
        cards = [card for card in self.cards() if card.name in names and not card.fault]
        if not cards or any(not misfit(card, self.family(base)) for card in cards):
            return ""
        return base_of_family(self.desk.workspace, cards[0].family)

    def family(self, base: str) -> str:
        """The name of the base's family; empty where it is not known (not downloaded, or not there)."""
        if base not in self._families:
            try:
                source = resolve(base, self.desk.workspace)
                self._families[base] = "" if source.kind == "hub" else identify(source).name
            except StudioError:
                return ""
        return self._families[base]

    def _preview(self, card: Card) -> str:
        small = self.desk.small(card.preview, 96) if card.preview else None
        return picture_url(small) if small else ""


def best_weight(card: Card) -> float:
    """The weight that is recommended for a LoRA, or else the one it was used at last, or 1."""
    known = (weight for weight in (card.weight, card.last_weight) if weight is not None)
    return next(known, 1.0)


def misfit(card: Card, family: str) -> str:
    """Why a LoRA cannot be used with a base of this family; empty if it can, or if nobody knows."""
    if card.fault:
        return card.fault
    if go_together(card.family, family):
        return ""
    return f"Made for {family_title(card.family)}: left out on this base."


def family_title(name: str) -> str:
    """What people call a family, or the name as it is for one that the studio does not know."""
    family = family_named(name)
    return family.title if family else name.upper()


def take_adapters(workspace: Workspace, folder: Path) -> tuple[list[str], list[StudioError]]:
    """Copy the LoRA files of a folder into `loras/`, each with its picture and what is written beside it.

    Returns the names of the new ones, and the refusals.
    """
    added: list[str] = []
    refused: list[StudioError] = []
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    loras = [file for file in files if file.suffix.lower() == ".safetensors"]
    beside = {file: lora for lora in loras for file in companions(lora)}
    for file in files:
        try:
            if file not in beside:
                added.append(_take(workspace, file, [each for each, lora in beside.items() if lora == file]))
        except AdapterError as fault:
            refused.append(fault)
    return added, refused


def _take(workspace: Workspace, file: Path, beside: Sequence[Path]) -> str:
    if file.suffix.lower() != ".safetensors":
        raise AdapterError(f"{file.name} is no .safetensors file")
    read_entries(file, read_header(file))
    wanted = workspace.loras / f"{safe_name(file.stem)}.safetensors"
    if wanted.exists() and filecmp.cmp(file, wanted, shallow=False):
        raise AdapterError(f"{file.name} is in your LoRAs already")
    target = free_path(wanted)
    for each in beside:
        place = target.with_name(target.stem + each.name.removeprefix(file.stem))
        if not place.exists():
            shutil.copyfile(each, place)
    unfinished = target.with_name(f".{target.name}.part")
    shutil.copyfile(file, unfinished)
    unfinished.replace(target)
    return target.stem
