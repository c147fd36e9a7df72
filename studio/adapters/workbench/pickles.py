"""Pickles: old `.pt`, `.ckpt` and `.bin` adapters, converted if the person agrees to open them."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from studio.errors import AdapterError
from studio.workspace import writing

if TYPE_CHECKING:
    from torch import Tensor

ENDINGS = (".pt", ".pth", ".ckpt", ".bin")
LARGEST = 4 * 2**30  # bytes


def convert_pickle(path: Path, target: Path, *, agreed: bool) -> Path:
    """Write the tensors of a pickle as `.safetensors`; nothing but tensors is ever loaded from it.

    Such files can hold programs, so the person must have `agreed`; torch's loader for weights alone
    refuses all else. Raises `AdapterError`.
    """
    if path.suffix.lower() not in ENDINGS:
        raise AdapterError(
            f"{path.name} is no old adapter", remedy=f"Such files end in {', '.join(ENDINGS)}."
        )
    if not agreed:
        raise AdapterError(
            f"{path.name} is not opened",
            why="Files of its kind can hold programs",
            remedy="If you trust where it comes from, agree to open it; only weights are loaded.",
        )
    if target.exists():
        raise AdapterError(f"{target.name} exists already", remedy="Choose another name.")
    from safetensors.torch import save

    tensors = dict(_tensors(_loaded(path)))
    if not tensors:
        raise AdapterError(f"{path.name} holds no weights")
    with writing(target, "wb") as file:
        cast("IO[bytes]", file).write(
            save(tensors, metadata={"format": "pt", "modelspec.merged_from": path.name})
        )
    return target


def _loaded(path: Path) -> Any:
    import torch

    refused = AdapterError(
        f"{path.name} cannot be opened",
        why="It is damaged, or holds more than weights",
        remedy="Do not use it.",
    )
    try:
        size = path.stat().st_size
        inside = sum(each.file_size for each in _listed(path))
        if size > LARGEST or inside > 2 * size + 2**20:
            raise refused
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, TypeError, KeyError, AttributeError):
        raise refused from None
    except (OSError, zipfile.BadZipFile):
        raise refused from None


def _listed(path: Path) -> list[zipfile.ZipInfo]:
    """What a zip says it would become; nothing for pickles without one."""
    if not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        return archive.infolist()


def _tensors(content: Any) -> Iterator[tuple[str, Tensor]]:
    """The tensors by name, of the dictionary itself or of the one that programs put inside."""
    import torch

    if not isinstance(content, dict):
        return
    inner = content.get("state_dict")
    for name, tensor in (inner if isinstance(inner, dict) else content).items():
        if isinstance(tensor, torch.Tensor):
            yield str(name), tensor.detach().clone().contiguous()
