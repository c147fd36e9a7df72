"""Looks: what is known of how LoRAs go together, kept by what they are; read without torch.

A look is a dictionary: `names`, `blocks`, `pairs` (`one` and `other` are places in `names`; `cosine`,
`overlap`, `heat`, and `strip`, [cosine, overlap] by block), `force` at weight 1 (of each LoRA `total`, and
`blocks`), `even` (the weights of equal force) and `sentences`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.adapters.library import Card
from studio.workspace import Workspace, writing

VERSION = 1
Look = dict[str, Any]


def read_look(workspace: Workspace, cards: Sequence[Card], base: str) -> Look | None:
    """What is known of these LoRAs on this base, in this order; None before anybody has looked."""
    try:
        look = json.loads(_file(workspace, cards, base).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return look if isinstance(look, dict) else None


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
