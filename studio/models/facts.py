"""Facts of a base model that decide whether a dataset suits it, read without opening the model."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.families import FAMILIES
from studio.families._base import Family
from studio.models.identify import identify
from studio.models.parts import part_folder
from studio.models.source import Source, resolve
from studio.models.tokens import TokenCounter, configs, counters
from studio.workspace import Workspace

FRESH = 5.0  # seconds
SIDE_MULTIPLE = 64  # of a base of which no more is known


@dataclass(frozen=True)
class BaseFacts:
    """What the dataset's doctor asks of a base model."""

    resolution: int
    """Pixels of a square picture's side, as the family is best trained."""
    side_multiple: int
    """Sides of pictures, in pixels, must be multiples of this."""
    counters: tuple[TokenCounter, ...]
    title: str = "this base"


def base_facts(text: str, workspace: Workspace) -> BaseFacts | None:
    """The facts of what `resolve` makes of `text`; None for a model of the hub that is not known yet.

    Raises `ModelError` for a base that does not exist or that no family recognises.
    """
    source = resolve(text, workspace)
    family = _family(source)
    if family is None:
        return None
    return BaseFacts(
        resolution=family.defaults.resolution,
        side_multiple=_side_multiple(configs(source)),
        counters=counters(text, workspace),
        title=source.title,
    )


def known_facts(text: str, workspace: Workspace) -> BaseFacts | None:
    """The same for who asks often; None also for a base that is not there.

    What was found is remembered for a few seconds: a model that was added or downloaded meanwhile is seen.
    """
    return _at(int(time.monotonic() / FRESH), text, workspace)


@lru_cache(maxsize=8)
def _at(moment: int, text: str, workspace: Workspace) -> BaseFacts | None:
    try:
        return base_facts(text, workspace)
    except StudioError:
        return None


def _family(source: Source) -> Family | None:
    if source.kind != "hub":
        return identify(source)
    return next((family for family in FAMILIES if source.location in family.suggested), None)


def _side_multiple(folder: Path | None) -> int:
    """Pixels to a latent, times what the denoiser halves in between, or the patches it cuts latents into."""
    vae = _config(folder, "vae").get("block_out_channels")
    if not vae:
        return SIDE_MULTIPLE
    unet = _config(folder, "unet").get("block_out_channels")
    halvings = len(vae) - 1 + (len(unet) - 1 if unet else 1)
    return int(2**halvings)


def _config(folder: Path | None, part: str) -> dict[str, Any]:
    path = part_folder(folder, part) / "config.json" if folder is not None else None
    if path is None or not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}
