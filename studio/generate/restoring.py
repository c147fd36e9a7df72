"""Restoring: a recipe's settings with the models and adapters of this machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.adapters.header import read_header
from studio.adapters.library import Card, adapters
from studio.adapters.library_memory import Memory
from studio.errors import AdapterError, StudioError
from studio.generate.inputs import FOLDER
from studio.generate.recipe import Recipe, UsedAdapter
from studio.models.hashes import sha256
from studio.models.source import bases, resolve
from studio.workspace import Workspace

SHORTEST = 8  # characters of a hash that tell files apart
TOLD = ("sshs_model_hash", "modelspec.hash_sha256")


@dataclass(frozen=True)
class Restored:
    """Values for the form, and a sentence for everything that is not as it was."""

    values: dict[str, Any]
    notes: tuple[str, ...]


def restore(recipe: Recipe, workspace: Workspace, *, as_written: bool = False) -> Restored:
    """The settings of a recipe, adapters under the names that they have here, found by hash if renamed.

    `as_written` brings back lots and styles instead of what they became. What is missing is left out and
    named.
    """
    values, notes = dict(recipe.values), [*recipe.notes]
    if as_written:
        values |= recipe.written
    base, told = _base(recipe, workspace)
    values.pop("base", None)
    if base:
        values["base"] = base
    lost = _lost_inputs(values, workspace)
    found, missing = _found(recipe.adapters, workspace)
    mixes = {used.name: card.name for used, card in found}
    listed = values.pop("adapters", [])
    values["adapters"] = [{**mix, "name": mixes[mix["name"]]} for mix in listed if mix["name"] in mixes]
    renamed = [
        f"“{used.stem}” is called “{card.name}” here."
        for used, card in found
        if card.path.stem.casefold() != used.stem.casefold()
    ]
    return Restored(values, tuple(filter(None, (*notes, told, *lost, *renamed, *missing))))


def _lost_inputs(values: dict[str, Any], workspace: Workspace) -> list[str]:
    """Take pictures to start from that are not there any more out of the values, and say so."""
    lost = []
    for name, called in (("image", "picture that it began with"), ("mask", "mask")):
        told = Path(str(values.pop(name, None) or ""))
        if not told.name:
            continue
        kept = workspace.hidden / FOLDER / told.name  # a recipe may come from anywhere: its path is no path
        if kept.is_file():
            values[name] = str(kept)
        else:
            lost.append(f"The {called} is not there any more; choose it again.")
    return lost


def _base(recipe: Recipe, workspace: Workspace) -> tuple[str, str]:
    """The base as it is chosen here, and a sentence if it is not here."""
    own = str(recipe.values.get("base", ""))
    if own:
        try:
            resolve(own, workspace)
        except StudioError:
            pass
        else:
            return own, ""
    wanted = (recipe.model or own).casefold()
    for base in bases(workspace):
        names = (base.value, base.title, base.value.replace("\\", "/").rpartition("/")[2])
        if wanted and wanted in (name.casefold().removesuffix(".safetensors") for name in names):
            return base.value, ""
    called = recipe.model or own
    return "", f"The base model “{called[:80]}” is not here, so the one you chose stays." if called else ""


def _found(
    wanted: Sequence[UsedAdapter], workspace: Workspace
) -> tuple[list[tuple[UsedAdapter, Card]], list[str]]:
    cards = [card for card in adapters(workspace) if not card.fault] if wanted else []
    memory = Memory(workspace)
    found: list[tuple[UsedAdapter, Card]] = []
    missing = []
    for used in wanted:
        named = next((card for card in cards if _called(card, used)), None)
        card = (
            named
            if named and _same(named, used, memory)
            else _by_hash(cards, used, memory, workspace) or named
        )
        if card is None:
            missing.append(f"The LoRA “{used.name[:80]}” is not here, so it was left out.")
            continue
        if card is named and not _same(card, used, memory):
            missing.append(f"“{card.name}” is another file than the one that was used then.")
        found.append((used, card))
    memory.save(keep_all=True)
    return found, missing


def _called(card: Card, used: UsedAdapter) -> bool:
    names = (card.name, card.path.stem, card.title)
    return any(each.casefold() in (used.name.casefold(), used.stem.casefold()) for each in names)


def _same(card: Card, used: UsedAdapter, memory: Memory) -> bool:
    """Whether it is the very file, as far as the recipe says; only the hash of its data is looked at."""
    if len(used.hash) not in (12, 64):
        return True
    return memory.data_hash(card.path).startswith(used.hash.lower())


def _by_hash(cards: Iterable[Card], used: UsedAdapter, memory: Memory, workspace: Workspace) -> Card | None:
    """The card of this hash: what files say of themselves first, for the others must be read whole."""
    wanted = used.hash.lower().removeprefix("0x")
    if len(wanted) < SHORTEST or not set(wanted) <= set("0123456789abcdef"):
        return None
    ordered = sorted(cards, key=lambda card: not any(h.startswith(wanted) for h in _told(card)))
    for card in ordered:
        hashes = (memory.data_hash, lambda path: sha256(path, workspace))
        if any(each(card.path).startswith(wanted) for each in hashes):
            return card
    return None


def _told(card: Card) -> list[str]:
    try:
        metadata = read_header(card.path).metadata
    except AdapterError:
        return []
    return [metadata.get(key, "").removeprefix("0x").lower() for key in TOLD]
