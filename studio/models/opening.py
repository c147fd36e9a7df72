"""Opening a base model: found, downloaded if need be, recognised, and put on the best device."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from studio.jobs.context import Context
from studio.models import hub
from studio.models.hashes import sha256
from studio.models.identify import identify
from studio.models.layout import weight_files
from studio.models.source import Source, resolve
from studio.workspace import Workspace

if TYPE_CHECKING:
    import torch

    from studio.families._base import Model

PRECISIONS = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def open_model(
    text: str,
    workspace: Workspace,
    *,
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
    storage: str = "plain",
    context: Context | None = None,
    frugal: bool | None = None,
) -> Model:
    """Open what `resolve` makes of `text`; by default on the best device, in its best precision.

    `storage` is how its weights lie there, one of `studio.models.storage`. A `frugal` one has only the part
    that works on the card; None is so where all at once would fill it. With a context, a download shows
    its progress and can be stopped. Raises `ModelError`, `Offline`.
    """
    quieten()
    source = on_this_machine(resolve(text, workspace), workspace, context)
    family = identify(source)
    where = device or best_device()
    model = family.open(
        source,
        device=where,
        dtype=dtype or precision(best_precision(where)),
        storage=storage,
        frugal=frugal if where.type == "cuda" else False,
    )
    model.base_hash = base_hash(source, workspace)
    return model


def quieten() -> None:
    """Keep the libraries' own progress bars and hints for developers from the person's terminal."""
    from transformers.utils import logging as of_transformers

    of_transformers.set_verbosity_error()  # before diffusers is imported, which makes it speak
    of_transformers.disable_progress_bar()
    from diffusers.utils import logging as of_diffusers

    of_diffusers.set_verbosity_error()
    of_diffusers.disable_progress_bar()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def on_this_machine(source: Source, workspace: Workspace, context: Context | None = None) -> Source:
    """The source itself, or where it lies after its download from the hub."""
    if source.kind != "hub":
        return source

    def tell(here: int, total: int) -> None:
        if context is not None:
            context.check()
            context.progress(here, total, f"Downloading {source.title}")

    return resolve(str(hub.download(source.location, workspace, tell)), workspace)


def base_hash(source: Source, workspace: Workspace) -> str:
    """The SHA-256 of the checkpoint, or of the denoiser's weights in a folder."""
    if source.kind == "file":
        return sha256(source.path, workspace)
    denoiser = next(name for name in ("unet", "transformer") if (source.path / name).is_dir())
    return sha256(weight_files(source.path / denoiser)[0], workspace)


def best_device() -> torch.device:
    """The card if there is one, else Apple's, else the processor."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def best_precision(device: torch.device) -> str:
    """ "bf16" where the card computes it natively, "fp16" on older cards, else "fp32"."""
    import torch

    if device.type != "cuda":
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def precision(name: str) -> torch.dtype:
    """torch's type for "bf16", "fp16" or "fp32"."""
    import torch

    dtype = getattr(torch, PRECISIONS[name])
    assert isinstance(dtype, torch.dtype)
    return dtype
