"""The layers that an adapter file holds, seen from its header alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from studio.adapters.header import Header, TensorInfo, damaged
from studio.errors import AdapterError

# What the ends of keys mean: kohya's, then peft's and diffusers', then those of older diffusers.
ROLES = {
    ".lora_down.weight": "down",
    ".lora_up.weight": "up",
    ".alpha": "alpha",
    ".lora_A.weight": "down",
    ".lora_B.weight": "up",
    ".lora_A.default.weight": "down",
    ".lora_B.default.weight": "up",
    ".lora.down.weight": "down",
    ".lora.up.weight": "up",
}
# Ends of keys that give other kinds of adapters away.
OTHER_KINDS = {
    ".dora_scale": "DoRA",
    ".lora_magnitude_vector": "DoRA",
    ".lora_magnitude_vector.weight": "DoRA",
    ".lora_mid.weight": "LoCon in Tucker form",
    ".hada_w1_a": "LoHa",
    ".hada_w1_b": "LoHa",
    ".hada_w2_a": "LoHa",
    ".hada_w2_b": "LoHa",
    ".lokr_w1": "LoKr",
    ".lokr_w1_a": "LoKr",
    ".lokr_w2": "LoKr",
    ".oft_blocks": "OFT",
    ".on_input": "(IA)³",
    ".diff": "full differences",
    ".diff_b": "full differences",
}
FLOATS = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}


@dataclass(frozen=True)
class Entry:
    """One layer of a file: its name there, the keys of its tensors, and the shape of its ΔW.

    `alpha` is the key of the alpha tensor, empty where the file has none.
    """

    name: str
    down: str
    up: str
    alpha: str
    rank: int
    shape: tuple[int, ...]

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether it changes a weight of this shape; a 1×1 convolution counts as linear."""
        return _without_1x1(self.shape) == _without_1x1(shape)


def read_entries(path: Path, header: Header) -> list[Entry]:
    """The layers in the file; raises `AdapterError` if they are damaged, or of a kind that is not known."""
    roles: dict[str, dict[str, str]] = {}
    for key in header.tensors:
        name, role = _split(path, key)
        if roles.setdefault(name, {}).setdefault(role, key) != key:
            raise damaged(path, f"It has the layer {name[:80]} twice")
    if not roles:
        raise damaged(path, "There is nothing in it")
    return [_entry(path, name, keys, header.tensors) for name, keys in roles.items()]


def _split(path: Path, key: str) -> tuple[str, str]:
    for end, role in ROLES.items():
        if key.endswith(end):
            return key.removesuffix(end), role
    kind = next((kind for end, kind in OTHER_KINDS.items() if key.endswith(end)), "")
    raise AdapterError(
        f"{path.name} cannot be used",
        why=f"It is of the kind {kind}" if kind else f"It holds “{key[:80]}”, which is no part of a LoRA",
        remedy="This version of the studio reads LoRA files with linear and convolution layers.",
    )


def _entry(path: Path, name: str, keys: Mapping[str, str], tensors: Mapping[str, TensorInfo]) -> Entry:
    if not {"down", "up"} <= keys.keys():
        raise damaged(path, f"Half of the layer {name[:80]} is missing")
    down, up = tensors[keys["down"]], tensors[keys["up"]]
    alpha = tensors[keys["alpha"]].shape if "alpha" in keys else ()
    flat = len(down.shape) == len(up.shape) == 2
    square = len(down.shape) == len(up.shape) == 4 and up.shape[2:] == (1, 1)
    if not (flat or square) or down.shape[0] != up.shape[1] or 0 in (*down.shape, *up.shape):
        raise damaged(path, f"The matrices of the layer {name[:80]} do not belong together")
    if alpha not in ((), (1,)) or not {down.dtype, up.dtype} <= FLOATS:
        raise damaged(path, f"The layer {name[:80]} does not hold the kind of numbers that a LoRA has")
    shape = (up.shape[0], *down.shape[1:])
    return Entry(name, keys["down"], keys["up"], keys.get("alpha", ""), down.shape[0], shape)


def _without_1x1(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:2] if shape[2:] == (1, 1) else shape
