"""The store: what was counted, kept by a hash of all that it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from studio.workspace import Workspace, writing

COUNTED = 1
"""Raised by whoever changes how is counted, or what a training or a generation keeps in memory."""
LIBRARIES = ("torch", "diffusers", "transformers", "peft", "accelerate", "bitsandbytes")


def key_of(question: Mapping[str, Any]) -> str:
    """The hash of a question, which everything is that the answer depends on."""
    whole = {"counted": COUNTED, "libraries": _libraries(), "question": question}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:24]


def remembered(workspace: Workspace, key: str) -> dict[str, Any] | None:
    """The answer to a question that was asked before."""
    try:
        answer: dict[str, Any] = json.loads(_path(workspace, key).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return answer


def remember(workspace: Workspace, key: str, answer: Mapping[str, Any]) -> None:
    """Keep an answer."""
    with writing(_path(workspace, key)) as file:
        json.dump(answer, file)


def _path(workspace: Workspace, key: str) -> Path:
    return workspace.cache / "fits" / f"{key}.json"


@cache
def _libraries() -> dict[str, str]:
    return {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
