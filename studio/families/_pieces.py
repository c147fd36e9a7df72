"""Opening a transformer's checkpoint, which often lacks text encoders and VAE: those lie beside it.

ComfyUI and Forge keep them in folders of their own (`text_encoders`, `clip`, `vae`) beside that of the
models. They are found there by the names and shapes of their weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import ModelError
from studio.families._fp8_files import check_packing, is_beside, weight_in
from studio.models.layout import read_header
from studio.models.source import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Shape = tuple[int, ...]
FOLDERS = ("", "text_encoders", "text_encoder", "clip", "vae", "VAE", "t5")
CLIP, T5, VAE = "text_model.embeddings.token_embedding.weight", "shared.weight", "decoder.conv_in.weight"
QWEN = "model.layers.0.mlp.gate_proj.weight"
"""The weights that tell pieces: their second dimension is a text encoder's width, or a VAE's channels."""
DENOISER = "model.diffusion_model."
"""What stands before the names of a transformer's weights in a whole checkpoint."""
TOKENIZERS = {
    "T5": ("*/tokenizer_[23]/spiece.model", "*/tokenizer_[23]/tokenizer.json", "t5*/tokenizer.json"),
    "Qwen2": ("*/tokenizer/tokenizer.json", "*/tokenizer/vocab.json", "qwen*/tokenizer.json"),
}
"""Where the tokenizers that do not come with the studio may lie, seen from the folder of the models."""


def tensors_under(path: Path, prefix: str, dtype: torch.dtype) -> dict[str, Tensor]:
    """The weights of a file whose names begin so, without that; numbers in `dtype`, on the processor.

    Raises `ModelError` for a file that is packed in a way that is not known here.
    """
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        every = set(file.keys())
        names = [name for name in every if name.startswith(prefix) and not is_beside(name)]
        check_packing(path, file, [name for name in every if name.startswith(prefix)])
        return {name.removeprefix(prefix): weight_in(file, name, every, dtype) for name in names}


def denoiser_weights(source: Source, dtype: torch.dtype) -> dict[str, Tensor]:
    """Those of the transformer, in a file that has nothing else or in a whole checkpoint."""
    inside = any(name.startswith(DENOISER) for name in read_header(source.path))
    return tensors_under(source.path, DENOISER if inside else "", dtype)


def blocks_in(weights: Iterable[str], name: str) -> int:
    """How many numbered blocks of this name there are."""
    return len({match[1] for each in weights if (match := re.match(rf"{name}\.(\d+)\.", each))})


def piece(
    source: Source, prefix: str, mark: str, size: int | Shape, dtype: torch.dtype, *, called: str = ""
) -> dict[str, Tensor] | None:
    """A piece's weights, in the checkpoint under `prefix` or in a file of their own beside it.

    `size` is the second dimension of the weight that tells it, or its whole shape. Of several files of the
    same shapes, one whose name begins with `called` is taken.
    """
    if f"{prefix}{mark}" in read_header(source.path):
        return tensors_under(source.path, prefix, dtype)
    fitting = [path for path in _beside(source.path) if _fits(_shape(path, mark), size)]
    fitting.sort(key=lambda path: not path.name.lower().startswith(called))
    return tensors_under(fitting[0], "", dtype) if fitting else None


def _fits(shape: Shape, size: int | Shape) -> bool:
    return shape == size if isinstance(size, tuple) else shape[1:2] == (size,)


def filled(source: Source, module: nn.Module, weights: Mapping[str, Tensor], what: str) -> nn.Module:
    """A module made without memory, with these weights; raises `ModelError` if some are missing."""
    try:
        told = module.load_state_dict(dict(weights), strict=False, assign=True)
    except RuntimeError as fault:
        raise lacking(source, f"The weights of {what} do not fit: {str(fault)[:200]}") from fault
    if told.missing_keys:
        raise lacking(source, f"{what} lacks {len(told.missing_keys)} weights, first {told.missing_keys[0]}")
    return module.eval()


def tokenizer_beside(source: Source, kind: str = "T5") -> Path | None:
    """The folder of a tokenizer near a checkpoint: in a diffusers folder among the person's models.

    `kind` is what the name of its class begins with.
    """
    for folder in dict.fromkeys((source.path.parent, source.path.parent.parent)):
        for pattern in TOKENIZERS[kind]:
            found = sorted(path for path in folder.glob(pattern) if _is_of(path, kind))
            if found:
                return found[0].parent
    return None


def lacking(source: Source, why: str, remedy: str = "Get the full checkpoint.") -> ModelError:
    """The fault of a checkpoint that lacks something."""
    return ModelError(f"{source.title} is not a complete model", why=why, remedy=remedy)


def _is_of(path: Path, kind: str) -> bool:
    settings = path.with_name("tokenizer_config.json")
    told = settings.read_text("utf-8", errors="replace") if settings.is_file() else ""
    return path.name == "spiece.model" or f'"{kind}Tokenizer' in told


def _shape(path: Path, mark: str) -> Shape:
    try:
        entry = read_header(path).get(mark)
    except (ModelError, OSError):
        return ()
    return entry.shape if entry else ()


def _beside(checkpoint: Path) -> Iterator[Path]:
    for root in dict.fromkeys((checkpoint.parent, checkpoint.parent.parent)):
        for folder in FOLDERS:
            if folder or root == checkpoint.parent:
                yield from sorted(
                    path for path in (root / folder).glob("*.safetensors") if path != checkpoint
                )


def empty(make: Any, *given: Any, **named: Any) -> Any:
    """A module without memory for its weights."""
    from accelerate import init_empty_weights

    with init_empty_weights():
        return make(*given, **named)
