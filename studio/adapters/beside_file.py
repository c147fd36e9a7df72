"""What other programs wrote beside an adapter: A1111's `.json` and Civitai's `.civitai.info`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from studio.adapters.lineage import family_spelled

LARGEST = 2**20  # bytes of such a file


@dataclass(frozen=True)
class Beside:
    """What is told beside the file; empty or None what is not."""

    trigger: str = ""
    title: str = ""
    family: str = ""
    about: str = ""
    weight: float | None = None
    tags: tuple[str, ...] = ()


class Remembers(Protocol):
    """What keeps the outcome of reading a file until it changes."""

    def recall(self, key: str, status: os.stat_result, look: Any) -> dict[str, Any]:
        """The outcome, made anew if the file changed."""


def known_beside(stem: str, files: Mapping[str, os.DirEntry[str]], memory: Remembers) -> Beside:
    """All that lies beside the adapter of this name, A1111's own words before Civitai's."""
    told: dict[str, Any] = {}
    for end, read in ((".civitai.info", _civitai), (".json", _a1111)):
        entry = files.get(stem + end)
        if entry is not None:
            seen = memory.recall(
                entry.path, entry.stat(), lambda e=entry, r=read: asdict(r(_content(e.path)))
            )
            told |= {name: value for name, value in seen.items() if value}
    return Beside(**{**told, "tags": tuple(told.get("tags", ()))})


def _look(read: Callable[[Mapping[str, Any]], Beside], path: str) -> dict[str, Any]:
    return asdict(read(_content(path)))


def _content(path: str) -> Mapping[str, Any]:
    try:
        if os.path.getsize(path) > LARGEST:
            return {}
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _a1111(content: Mapping[str, Any]) -> Beside:
    weight = content.get("preferred weight")
    return Beside(
        trigger=_text(content.get("activation text")),
        family=family_spelled(_text(content.get("sd version"))),
        about=_text(content.get("description") or content.get("notes")),
        weight=float(weight) if isinstance(weight, int | float) and 0 < abs(weight) <= 2 else None,
    )


def _civitai(content: Mapping[str, Any]) -> Beside:
    words = content.get("trainedWords")
    model = content.get("model")
    model = model if isinstance(model, dict) else {}
    tags = model.get("tags", content.get("tags"))
    return Beside(
        trigger=", ".join(_text(word) for word in words[:8]) if isinstance(words, list) else "",
        title=_text(model.get("name")),
        family=family_spelled(_text(content.get("baseModel"))),
        about=re.sub(r"<[^>]*>", " ", _text(content.get("description"))).strip(),
        tags=tuple(_text(tag) for tag in tags[:20]) if isinstance(tags, list) else (),
    )


def _text(value: object) -> str:
    return value.strip()[:2000] if isinstance(value, str) else ""
