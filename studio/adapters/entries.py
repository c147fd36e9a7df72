"""The layers that an adapter file holds, seen from its header alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from studio.adapters.header import Header, TensorInfo, damaged
from studio.adapters.kinds import KINDS
from studio.adapters.kinds._base import Kind, Measure, Shape
from studio.adapters.kinds._decomposed import magnitude_fits, measures_input
from studio.adapters.layers import Place
from studio.errors import AdapterError

# Ends of keys that go with every kind.
COMMON = {
    ".alpha": "alpha",
    ".dora_scale": "magnitude",
    ".lora_magnitude_vector": "peft_magnitude",
    ".lora_magnitude_vector.weight": "peft_magnitude",
    ".lora_magnitude_vector.default.weight": "peft_magnitude",
}
OF_BIAS = (".diff_b", ".b_norm")  # ends of keys of full differences of a bias
# Ends of keys that give kinds away which the studio cannot use.
OTHER_KINDS = {
    ".oft_blocks": "OFT",
    ".oft_diag": "OFT",
    ".oft_R.weight": "OFT",
    ".a1.weight": "GLoRA",
    ".a2.weight": "GLoRA",
    ".b1.weight": "GLoRA",
    ".b2.weight": "GLoRA",
    ".vera_lambda_b": "VeRA",
    "emb_params": "textual inversion",
    "string_to_param": "textual inversion",
    "first_stage_model.decoder.conv_in.weight": "whole model",
    "conv_in.weight": "whole model",
    "x_embedder.weight": "whole model",
    "img_in.weight": "whole model",
}
FLOATS = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}
FLAGS = {"I64", "I32", "I16", "I8", "U8", "BOOL"} | FLOATS


@dataclass(frozen=True)
class Entry:
    """One layer of a file: its name there, the tensor that it changes, its kind, its tensors by role.

    `keys` are the keys of the tensors, `shapes` their shapes; the roles are the kind's own, and
    "alpha", "magnitude" (LyCORIS' of DoRA), "peft_magnitude".
    """

    name: str
    parameter: str
    kind: Kind
    keys: Mapping[str, str]
    shapes: Mapping[str, Shape]

    @cached_property
    def measure(self) -> Measure:
        """The shape of ΔW, which may be that of a flattened convolution, and the rank."""
        return self.kind.measure(self.shapes)

    @property
    def rank(self) -> int:
        """The inner dimension; 0 where there is none."""
        return self.measure.rank

    @property
    def title(self) -> str:
        """The kind as a person reads it."""
        return "DoRA" if self.decomposed and self.kind.name == "lora" else self.kind.title

    @property
    def decomposed(self) -> bool:
        """Whether it has magnitudes of its own, which is DoRA."""
        return bool({"magnitude", "peft_magnitude"} & self.keys.keys())

    def fits(self, place: Place) -> bool:
        """Whether it changes a weight of this shape; a 1×1 convolution counts as linear."""
        if not self.kind.fits(self.shapes, place.shape):
            return False
        magnitude = self.shapes.get("magnitude")
        if magnitude is None:
            return True
        split = measures_input(magnitude) and len(place.parts) > 1  # a column's norm needs all its rows
        return magnitude_fits(magnitude, place.shape) and not split


def read_entries(path: Path, header: Header) -> list[Entry]:
    """The layers in the file; raises `AdapterError` if they are damaged, or of a kind that is not known."""
    found: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    for key in header.tensors:
        name, parameter, kind, role = _split(path, key, header.tensors)
        tensors = found.setdefault((name, parameter), {})
        if tensors.setdefault(role, (kind, key)) != (kind, key):
            raise damaged(path, f"It has the layer {name[:80]} twice")
    if not found:
        raise damaged(path, "There is nothing in it")
    return [_entry(path, name, tensors, header.tensors) for name, tensors in found.items()]


@cache
def _ends() -> dict[str, tuple[str, str]]:
    """The kind ("" for any) and role of each end of a key."""
    ends = {end: ("", role) for end, role in COMMON.items()}
    return ends | {end: (kind.name, role) for kind in KINDS for end, role in kind.ends.items()}


@cache
def _kinds() -> dict[str, Kind]:
    return {kind.name: kind for kind in KINDS}


class Key(NamedTuple):
    """A key taken apart: the layer's name, the tensor of the module, the kind ("" for any), the role."""

    name: str
    parameter: str
    kind: str
    role: str


def _split(path: Path, key: str, keys: Collection[str]) -> Key:
    for end in OF_BIAS:
        if key.endswith(end):
            return Key(key.removesuffix(end), "bias", "full", "diff")
    name, *words = key.rsplit(".", 3)
    while words:  # the longest end first
        end = f".{'.'.join(words)}"
        if end in _ends() and (end != ".weight" or f"{name}.on_input" in keys):
            return Key(name, "weight", *_ends()[end])
        name = f"{name}.{words.pop(0)}"
    other = next((kind for end, kind in OTHER_KINDS.items() if key.endswith(end)), "")
    raise AdapterError(
        f"{path.name} cannot be used",
        why=f"It is of the kind {other}" if other else f"It holds “{key[:80]}”, which is no part of a LoRA",
        remedy="The studio reads LoRA, LoCon, LoHa, LoKr, DoRA, (IA)³ and full differences.",
    )


def _entry(
    path: Path,
    name: tuple[str, str],
    tensors: Mapping[str, tuple[str, str]],
    infos: Mapping[str, TensorInfo],
) -> Entry:
    kinds = {kind for kind, _ in tensors.values() if kind}
    keys = {role: key for role, (_, key) in tensors.items()}
    layer, parameter = name
    if len(kinds) != 1:
        raise damaged(path, f"The matrices of the layer {layer[:80]} do not belong together")
    shapes = {role: infos[key].shape for role, key in keys.items()}
    entry = Entry(layer, parameter, _kinds()[kinds.pop()], keys, shapes)
    if any(infos[key].dtype not in (FLAGS if role == "on_input" else FLOATS) for role, key in keys.items()):
        raise damaged(path, f"The layer {layer[:80]} does not hold the kind of numbers that a LoRA has")
    try:
        _ = entry.measure
    except ValueError:
        raise damaged(path, f"The matrices of the layer {layer[:80]} do not belong together") from None
    if shapes.get("alpha", ()) not in ((), (1,)):
        raise damaged(path, f"The layer {layer[:80]} does not hold the kind of numbers that a LoRA has")
    return entry
