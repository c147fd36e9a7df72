"""A graph of ComfyUI's nodes, followed from a sampler to what leads to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_NODES = 2000
SEEDS = ("seed", "noise_seed")
PAINTING = ("SamplerCustomAdvanced", "SamplerCustom")
TEXTS = ("text", "text_g", "text_l", "t5xxl", "clip_l", "value", "string", "prompt")
"""Inputs that hold words, the most telling first."""
PLAIN = ("value", "int", "float", "string", "number", "seed", "noise_seed")
LEFT_OUT = {
    "ControlNetApply": "Its ControlNet was left out.",
    "IPAdapter": "Its IP-Adapter was left out.",
    "LatentUpscale": "Its second pass was left out: choose Upscale for one.",
    "ImageUpscaleWithModel": "Its upscaling was left out: choose Upscale for one.",
    "LoadImage": "It began with a picture, which is not in it: choose the picture to start from.",
}
Node = Mapping[str, Any]


@dataclass
class Found:
    """What leads to a sampler: plain inputs by name, the words, and the adapters from the base on."""

    inputs: dict[str, Any] = field(default_factory=dict)
    prompt: str = ""
    negative: str = ""
    adapters: list[tuple[str, float, float | None]] = field(default_factory=list)

    def text(self, name: str) -> str:
        """An input as text; "" where there is none."""
        return str(self.inputs.get(name, ""))

    def values(self) -> dict[str, Any]:
        """Settings of the studio."""
        told = self.inputs
        layer = told.get("stop_at_clip_layer")
        return {
            "prompt": self.prompt,
            "negative": self.negative,
            "seed": next((int(told[name]) % 2**31 for name in SEEDS if name in told), None),
            "steps": told.get("steps"),
            "guidance": told.get("guidance", told.get("cfg")),
            "width": told.get("width"),
            "height": told.get("height"),
            "clip_skip": -int(layer) if layer and int(layer) < -1 else None,
        }


class Graph:
    """Nodes by id; raises what Python raises for a text that is none."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = {
            str(key): node for key, node in list(nodes.items())[:MOST_NODES] if "class_type" in node
        }

    def sampler(self) -> str | None:
        """The id of the sampler that painted first: the one from which no way leads to another."""
        painting = [key for key in self._nodes if self._paints(key)]
        return next((key for key in painting if not self._behind(key, "latent_image", painting)), None)

    def follow(self, sampler: str) -> Found:
        """Everything that leads to it."""
        found = Found()
        for key in reversed([sampler, *self._before(sampler)]):
            node = self._nodes[key]
            name = str(node["class_type"])
            plain = {each: self._value(value) for each, value in node["inputs"].items()}
            if "lora_name" in plain:
                found.adapters.append(_adapter(plain))
            elif key == sampler or not any(each in name for each in ("TextEncode", "Primitive")):
                found.inputs |= {each: value for each, value in plain.items() if _is_plain(value)}
            elif "guidance" in plain:
                found.inputs["guidance"] = plain["guidance"]
        positive = next((k for k in ("positive", "conditioning", "guider") if k in self._inputs(sampler)), "")
        found.prompt = self._words(sampler, positive)
        found.negative = self._words(sampler, "negative") or self._negative_of_guider(sampler)
        found.inputs |= {k: v for k, v in self._own(sampler).items() if _is_plain(v)}
        return found

    def left_out(self, sampler: str) -> list[str]:
        """Sentences on nodes that the studio has no counterpart for."""
        names = [str(node["class_type"]) for node in self._nodes.values()]
        told = [said for mark, said in LEFT_OUT.items() if any(name.startswith(mark) for name in names)]
        more = [key for key in self._nodes if self._paints(key) and key != sampler]
        second = LEFT_OUT["LatentUpscale"]
        return [*told, *([second] if more and second not in told else [])]

    def _paints(self, key: str) -> bool:
        inputs = self._inputs(key)
        whole = any(seed in inputs for seed in SEEDS) and "positive" in inputs
        return whole or self._nodes[key]["class_type"] in PAINTING

    def _inputs(self, key: str) -> Mapping[str, Any]:
        inputs = self._nodes[key].get("inputs")
        return inputs if isinstance(inputs, dict) else {}

    def _own(self, key: str) -> dict[str, Any]:
        return {name: self._value(value) for name, value in self._inputs(key).items()}

    def _linked(self, value: Any) -> str | None:
        """The id of the node that an input is linked to."""
        if isinstance(value, list) and len(value) == 2 and str(value[0]) in self._nodes:
            return str(value[0])
        return None

    def _value(self, value: Any) -> Any:
        """An input, or what a node of one value says that it is linked to."""
        linked = self._linked(value)
        if linked is None:
            return value
        inputs = self._inputs(linked)
        return next((inputs[name] for name in PLAIN if _is_plain(inputs.get(name))), value)

    def _before(self, key: str) -> list[str]:
        """All nodes that lead to one, the nearest first."""
        found: dict[str, None] = {}
        waiting = [key]
        while waiting:
            for value in self._inputs(waiting.pop(0)).values():
                linked = self._linked(value)
                if linked is not None and linked not in found and linked != key:
                    found[linked] = None
                    waiting.append(linked)
        return list(found)

    def _behind(self, key: str, name: str, painting: list[str]) -> bool:
        linked = self._linked(self._inputs(key).get(name))
        return linked is not None and any(each in painting for each in (linked, *self._before(linked)))

    def _words(self, key: str, name: str) -> str:
        """The words that reach an input, over nodes that only pass them on."""
        linked = self._linked(self._inputs(key).get(name))
        if linked is None:
            return ""
        for each in (linked, *self._before(linked)):
            if "negative" in self._inputs(each) and "guider" not in name:
                continue
            words = next(self._texts(each), None)
            if words is not None:
                return words
        return ""

    def _texts(self, key: str) -> Iterator[str]:
        if "TextEncode" in str(self._nodes[key]["class_type"]):
            own = self._own(key)
            yield from (own[name] for name in TEXTS if isinstance(own.get(name), str))

    def _negative_of_guider(self, sampler: str) -> str:
        guider = self._linked(self._inputs(sampler).get("guider"))
        return self._words(guider, "negative") if guider else ""


def _adapter(plain: Mapping[str, Any]) -> tuple[str, float, float | None]:
    weight = float(plain.get("strength_model", 1.0))
    text = float(plain["strength_clip"]) if "strength_clip" in plain else None
    return str(plain["lora_name"]), weight, None if text == weight else text


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)
