"""The alpha of layers whose file has no alpha tensor.

Alpha is then found in the metadata, or beside the file, or nowhere. Where nobody says it, it is
the rank, as every program takes it; overlooking one that is said makes an adapter act several
times too strongly.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.adapters.entries import Entry
from studio.adapters.metadata import AdapterFacts, figure

COMPONENTS = ("unet", "transformer", "text_encoder", "text_encoder_2", "text_encoder_3")


class AnnouncedAlphas:
    """What the metadata of a file, or peft's `adapter_config.json` beside it, say of alpha."""

    def __init__(self, path: Path, metadata: Mapping[str, str]) -> None:
        self._diffusers = _json_object(metadata.get("lora_adapter_metadata", ""))
        self._peft = _config_beside(path)
        self._kohya = AdapterFacts.from_metadata(metadata).alpha
        arguments = _json_object(metadata.get("ss_network_args", ""))
        self._kohya_conv = figure(str(arguments.get("conv_alpha", ""))) or self._kohya

    def of(self, entry: Entry) -> float:
        """Alpha of one layer."""
        path = entry.name.removeprefix("base_model.model.")
        component, _, rest = path.partition(".")
        if component in COMPONENTS and f"{component}.lora_alpha" in self._diffusers:
            config = {
                key: self._diffusers.get(f"{component}.{key}")
                for key in ("lora_alpha", "alpha_pattern", "use_rslora")
            }
            return _peft_alpha(config, rest, entry.rank)
        if self._peft:
            return _peft_alpha(self._peft, path, entry.rank)
        shape = entry.measure.shape
        square = len(shape) == 4 and shape[2:] != (1, 1)
        return (self._kohya_conv if square else self._kohya) or float(entry.rank)

    def scale_without_rank(self, entry: Entry) -> float:
        """peft scales a Kronecker product of whole matrices too, by the rank that it was asked for."""
        asked = figure(str(self._peft.get("r")))
        path = entry.name.removeprefix("base_model.model.")
        return _peft_alpha(self._peft, path, int(asked)) / asked if asked >= 1 else 1.0


def _peft_alpha(config: Mapping[str, Any], path: str, rank: int) -> float:
    """peft's alpha of a module; rsLoRA divides by √rank instead of rank (arXiv 2312.03732)."""
    patterns = config.get("alpha_pattern")
    alpha = config.get("lora_alpha", config.get("alpha"))
    for pattern, value in (patterns if isinstance(patterns, dict) else {}).items():
        if path == pattern or path.endswith(f".{pattern}"):
            alpha = value
            break
    known = figure(str(alpha)) or float(rank)
    return known * math.sqrt(rank) if config.get("use_rslora") is True else known


def _config_beside(path: Path) -> dict[str, Any]:
    """peft saves `adapter_model.safetensors` with its configuration in a file beside it."""
    config = path.with_name("adapter_config.json")
    try:
        small = path.name == "adapter_model.safetensors" and config.stat().st_size < 2**20
        return _json_object(config.read_text(encoding="utf-8")) if small else {}
    except (OSError, UnicodeDecodeError):
        return {}


def _json_object(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
