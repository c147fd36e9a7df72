"""Writing an adapter file that other programs read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from studio.adapters.factors import Delta
from studio.errors import AdapterError
from studio.workspace import writing

if TYPE_CHECKING:
    import torch
    from torch import Tensor

EXACT = ("alpha", "dora_scale", "on_input")  # kept as they are: half precision would move the whole weight


def write_adapter(
    path: Path,
    factors: Mapping[str, Delta],
    metadata: Mapping[str, str],
    *,
    dtype: torch.dtype | None = None,
) -> str:
    """Write one `.safetensors` with kohya's keys and return its hash, the SHA-256 of the tensors' bytes.

    `factors` are by kohya key (`naming.kohya_key`), of any kind; the matrices are written in `dtype`,
    float16 if none is named, and alpha always as a tensor of its own, because a file without it is
    read too strong or too weak elsewhere. The file appears whole or not at all; raises `AdapterError` if
    there is one of this name already, or if a weight is not finite.
    """
    import torch
    from safetensors.torch import save

    if path.exists():
        raise AdapterError(f"{path.name} exists already", remedy="Choose another name.")
    tensors = _tensors(factors, dtype or torch.float16, path.name)
    hash_ = hashlib.sha256(_after_header(save(tensors))).hexdigest()
    named = {**metadata, "format": "pt", "sshs_model_hash": hash_, "modelspec.hash_sha256": f"0x{hash_}"}
    with writing(path, "wb") as file:
        cast("IO[bytes]", file).write(save(tensors, metadata=named))
    return hash_


def _tensors(factors: Mapping[str, Delta], dtype: torch.dtype, name: str) -> dict[str, Tensor]:
    import torch

    tensors: dict[str, Tensor] = {}
    for key, each in factors.items():
        for end, tensor in each.tensors().items():
            kept = tensor.dtype if end in EXACT else dtype
            tensors[f"{key}.{end}"] = tensor.detach().to("cpu", kept, copy=True).contiguous()
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise AdapterError(
            f"{name} was not written",
            why="Some of its weights are not finite numbers",
            remedy="The training went astray: try a lower learning rate, or an earlier checkpoint.",
        )
    return tensors


def _after_header(file: bytes) -> memoryview:
    return memoryview(file)[8 + int.from_bytes(file[:8], "little") :]
