"""LoRAs with random weights for a model, and the formula written out once more to compare with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from studio.adapters.factors import Delta, Difference, Dora, Factors, Hada, Ia3, Kron
from studio.adapters.layers import DENOISER, Layer
from studio.adapters.naming import DENOISER_PREFIX, kohya_key, layer_table
from studio.adapters.reading import Adapter, read_adapter
from studio.adapters.writing import write_adapter
from studio.families._base import Model

PREFIXES = {DENOISER: DENOISER_PREFIX, "text_encoder": "lora_te"}


def attention(layer: Layer) -> bool:
    return "attn" in layer.path


def random_factors(
    layers: Iterable[Layer], *, rank: int = 3, alpha: float = 2.0, seed: int = 0, size: float = 0.2
) -> dict[Layer, Factors]:
    """Factors for each layer, in float16 as files have them."""
    dice = torch.Generator().manual_seed(seed)
    found = {}
    for layer in layers:
        out, *inside = layer.shape
        down = size * torch.randn(rank, *inside, generator=dice)
        up = size * torch.randn(out, rank, *(1 for _ in inside[1:]), generator=dice)
        found[layer] = Factors(down.half(), up.half(), alpha)
    return found


KINDS = ("LoRA", "LoCon, Tucker", "LoHa", "LoKr", "DoRA", "DoRA of inputs", "(IA)³", "full")


def random_change(kind: str, shape: tuple[int, ...], dice: torch.Generator) -> Delta:
    """A change of this kind for a weight of this shape; a plain one where the kind needs a kernel."""

    def rand(*sides: int) -> Tensor:
        return 0.2 * torch.randn(*sides, generator=dice)

    out, inside, *kernel = shape
    flat = inside * (kernel[0] * kernel[1] if kernel else 1)
    ones = [1] * len(kernel)
    lora = Factors(rand(3, *shape[1:]), rand(out, 3, *ones), 2.0)
    if kind == "LoCon, Tucker" and kernel:
        return Factors(rand(2, inside, 1, 1), rand(out, 3, 1, 1), 2.0, rand(3, 2, *kernel))
    if kind == "LoHa":
        return Hada(rand(out, 2), rand(2, flat), rand(out, 2), rand(2, flat), 2.0)
    if kind == "LoKr":
        small = 2 if inside % 2 == 0 and out % 2 == 0 else 1
        w2_b = rand(2, flat // small)
        return Kron(alpha=1.0, w1=rand(small, small), w2_a=rand(out // small, 2), w2_b=w2_b)
    if kind == "DoRA":
        return Dora(lora, rand(out, *ones, 1).abs() + 0.5)
    if kind == "DoRA of inputs":
        return Dora(lora, rand(1, inside, *ones).abs() + 0.5)
    if kind == "(IA)³":
        return Ia3(rand(inside), on_input=True)
    return Difference(rand(*shape)) if kind == "full" else lora


def keyed(factors: Mapping[Layer, Delta]) -> dict[str, Delta]:
    """The same by kohya key."""
    return {kohya_key(PREFIXES[layer.part], layer.path): each for layer, each in factors.items()}


def make_lora(
    path: Path,
    model: Model,
    *,
    where: Callable[[Layer], bool] = attention,
    metadata: Mapping[str, str] | None = None,
    rank: int = 3,
    seed: int = 0,
) -> Path:
    """Write a random LoRA for those layers of the model."""
    layers = [layer for layer in layer_table(model).layers if where(layer)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_adapter(path, keyed(random_factors(layers, rank=rank, seed=seed)), metadata or {})
    return path


def read_lora(path: Path, model: Model) -> Adapter:
    return read_adapter(path, layer_table(model))


def weights(model: Model) -> dict[str, Tensor]:
    """A copy of every weight of the model."""
    parts = {DENOISER: model.denoiser, **model.text_encoders}
    return {
        f"{part}.{name}": tensor.detach().clone()
        for part, module in parts.items()
        for name, tensor in module.state_dict().items()
    }


def dense(original: Mapping[str, Tensor], mix: Iterable[tuple[Adapter, float]]) -> dict[str, Tensor]:
    """W₀ + Σ w · up · down · alpha / rank, in float64 and by loops over kernels."""
    found = {name: tensor.double() for name, tensor in original.items()}
    for adapter, weight in mix:
        for layer, factors in adapter.changes.items():
            up, down = factors.up.double(), factors.down.double()
            if down.ndim == 4:
                delta = torch.einsum("or,rixy->oixy", up[:, :, 0, 0], down)
            else:
                delta = torch.einsum("or,ri->oi", up, down)
            found[f"{layer.part}.{layer.path}.weight"] += weight * delta * factors.alpha / down.shape[0]
    return found
