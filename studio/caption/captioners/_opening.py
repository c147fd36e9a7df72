"""Opening a captioner from the folder in which `save_pretrained`, or the hub, left it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import ModelError

if TYPE_CHECKING:
    import torch


@contextmanager
def opening(folder: Path) -> Iterator[None]:
    """Say in a sentence what is wrong with a captioner's files."""
    from safetensors import SafetensorError

    from studio.models.opening import quieten

    quieten()
    try:
        yield
    except ImportError as fault:
        raise _lacking(folder, str(fault)) from fault
    except (OSError, ValueError, KeyError, SafetensorError) as fault:
        raise ModelError(
            f"The captioner in {folder} cannot be opened",
            why="Its files are damaged or incomplete, or it is a model of another kind",
            remedy="Remove that folder and get it again, or choose another captioner.",
        ) from fault


def _lacking(folder: Path, told: str) -> ModelError:
    """The fault of a library that is not installed; transformers names it in these ways."""
    named = re.search(
        r"pip install `?([\w-]+)|[Pp]ackage `([\w-]+)`|requires the (\w+) library|module named '(\w+)", told
    )
    library = next(filter(None, named.groups()), "") if named else ""
    return ModelError(
        f"The captioner in {folder.name} cannot be opened",
        why=f"It needs the library {library}, which is not installed"
        if library
        else told.strip().splitlines()[0],
        remedy=f"Install it with: .venv/bin/python -m pip install {library}"
        if library
        else "Choose another captioner.",
    )


def open_class(name: str, folder: Path, device: torch.device, **options: Any) -> Any:
    """The model of this transformers class in a folder, in the device's best precision, for reading only."""
    import transformers

    from studio.models.opening import best_precision, precision

    dtype = precision(best_precision(device))
    kind = getattr(transformers, name)
    options = {"device_map": {"": device}, **options}
    return kind.from_pretrained(folder, dtype=dtype, use_safetensors=True, **options).eval()
