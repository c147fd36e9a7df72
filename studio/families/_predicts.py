"""Whether a Stable Diffusion 2 in one file predicts epsilon or v: nothing in its names or shapes says so."""

from __future__ import annotations

import re
from pathlib import Path

from studio.models.header import read_header
from studio.models.layout import LARGEST_HEADER, MOST_TENSORS, Layout
from studio.models.source import Source

TELLING = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"
SPREAD = 0.09
"""Above this standard deviation of the telling weight a model predicts v: ComfyUI's rule, by experience."""


def predicts_v(source: Source, layout: Layout) -> bool:
    """Whether the model predicts v. What a person wrote counts before what weights suggest.

    In this order: a folder's scheduler; a settings file of the same name beside the checkpoint
    (`.yaml`, as A1111 reads it, with or without `parameterization: "v"`); a weight named "v_pred"; the
    file's metadata (modelspec); the spread of one weight.
    """
    if source.kind != "file":
        return layout.configs.get("scheduler", {}).get("prediction_type") == "v_prediction"
    beside = source.path.with_suffix(".yaml")
    if beside.is_file():
        text = beside.read_text(encoding="utf-8", errors="replace")
        return re.search(r"parameterization:\s*[\"']?v\b", text) is not None
    told = _told(source.path)
    if "v_pred" in layout.entries or told is None:
        return "v_pred" in layout.entries or _spread(source.path) > SPREAD
    return told


def _told(path: Path) -> bool | None:
    """What the file's metadata say; None if they say nothing."""
    metadata = read_header(path, largest=LARGEST_HEADER, most=MOST_TENSORS).metadata
    kind = metadata.get("modelspec.prediction_type", "")
    architecture = metadata.get("modelspec.architecture", "")
    if not kind and not architecture.startswith("stable-diffusion-v2-"):
        return None
    return kind.startswith("v") if kind else architecture.startswith("stable-diffusion-v2-768-v")


def _spread(path: Path) -> float:
    """The standard deviation of the telling weight; 0 where it is not there."""
    import numpy as np

    header = read_header(path, largest=LARGEST_HEADER, most=MOST_TENSORS)
    info = header.tensors.get(TELLING)
    if info is None or info.dtype not in ("F32", "F16", "BF16"):
        return 0.0
    with path.open("rb") as file:
        file.seek(header.data_start + info.start)
        raw = file.read(info.end - info.start)
    if info.dtype == "BF16":  # the upper half of a float32
        values = (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
    else:
        values = np.frombuffer(raw, {"F32": "<f4", "F16": "<f2"}[info.dtype])
    return float(values.astype(np.float32).std())
