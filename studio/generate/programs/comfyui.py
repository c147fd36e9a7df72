"""ComfyUI: the graph of nodes that made the picture, of which the common ones are understood."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from studio.generate.programs._base import Program
from studio.generate.programs._graph import Graph

if TYPE_CHECKING:
    from studio.generate.recipe import Recipe

CHUNK = "prompt"


class ComfyUI(Program):
    """The chunk `prompt`: nodes by id, each with its class and inputs."""

    name = "comfyui"
    title = "ComfyUI"
    order = 10

    def read(self, texts: Mapping[str, str]) -> Recipe | None:
        """The recipe of the sampler that painted first, and of what leads to it."""
        from studio.generate.programs._values import make_recipe, sampling
        from studio.generate.recipe import UsedAdapter

        text = texts.get(CHUNK, "").strip()
        if not text.startswith("{"):
            return None
        graph = Graph(json.loads(text))
        sampler = graph.sampler()
        if sampler is None:
            return None
        found = graph.follow(sampler)
        chosen, notes = sampling(found.text("sampler_name"), found.text("scheduler"))
        model = found.text("ckpt_name") or found.text("unet_name") or found.text("model_name")
        return make_recipe(
            self.title,
            {**found.values(), **chosen},
            adapters=[UsedAdapter(_stem(name), weight, text) for name, weight, text in found.adapters],
            model=_stem(model),
            notes=[*notes, *graph.left_out(sampler)],
        )


def _stem(name: str) -> str:
    file = name.replace("\\", "/").rpartition("/")[2]
    return file.rpartition(".")[0] or file


ENTRY = ComfyUI()
