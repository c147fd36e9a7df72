"""Looks: what is known of how LoRAs go together, kept by what they are; read without torch.

A look is a dictionary: `names`, `blocks`, `pairs` (`one` and `other` are places in `names`; `cosine`,
`overlap`, `heat`, and `strip`, [cosine, overlap] by block), `force` at weight 1 (of each LoRA `total`, and
`blocks`; `parts` is what each block has in `total`, whose square is the sum of theirs), `even` (the
weights of equal force), `masks` (the ready masks of the base, by name) and `sentences`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.adapters.library import Card
from studio.workspace import Workspace, writing

VERSION = 2
Look = dict[str, Any]


def read_look(workspace: Workspace, cards: Sequence[Card], base: str) -> Look | None:
    """What is known of these LoRAs on this base, in this order; None before anybody has looked."""
    return open_look(_file(workspace, cards, base))


def open_look(path: Path) -> Look | None:
    """A look of this or an earlier day; None where it is gone, damaged or of an older kind."""
    try:
        look = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return look if isinstance(look, dict) and "masks" in look else None


def keep_look(workspace: Workspace, cards: Sequence[Card], base: str, look: Mapping[str, Any]) -> Path:
    """Remember it; returns the file."""
    path = _file(workspace, cards, base)
    with writing(path) as file:
        json.dump(look, file, ensure_ascii=False)
    return path


def _file(workspace: Workspace, cards: Sequence[Card], base: str) -> Path:
    told = [VERSION, base, [(str(card.path), card.size_bytes, card.modified) for card in cards]]
    name = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
    return workspace.cache / "looks" / f"{name}.json"
