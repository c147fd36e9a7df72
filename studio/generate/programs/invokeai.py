"""InvokeAI: JSON in a chunk of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from studio.generate.programs._base import Program

if TYPE_CHECKING:
    from studio.generate.recipe import Recipe, UsedAdapter

CHUNK, OLD_CHUNK = "invokeai_metadata", "sd-metadata"
FIELDS = {
    "positive_prompt": "prompt",
    "negative_prompt": "negative",
    "width": "width",
    "height": "height",
    "seed": "seed",
    "steps": "steps",
    "cfg_scale": "guidance",
    "cfg_rescale_multiplier": "rescale",
}
WEIGHED = re.compile(r"\(([^()]*)\)(\d+(?:\.\d+)?|\++|-+)(?![\w.])")
STRESSED = re.compile(r"(?<![\w)])([\w']+)(\++|-{2,})(?=[\s,.)]|$)")


class InvokeAI(Program):
    """Metadata of version 3 and later; the older ones where they say the same."""

    name = "invokeai"
    title = "InvokeAI"
    order = 20

    def read(self, texts: Mapping[str, str]) -> Recipe | None:
        """The recipe in the JSON; weights of words are written as the studio reads them."""
        from studio.generate.programs._values import make_recipe, sampling

        if CHUNK in texts:
            told = json.loads(texts[CHUNK])
        elif OLD_CHUNK in texts:
            told = _modern(json.loads(texts[OLD_CHUNK]))
        else:
            return None
        if not {"positive_prompt", "seed"} & set(told):
            return None
        values = {name: told.get(field) for field, name in FIELDS.items()}
        for name in ("prompt", "negative"):
            values[name] = _weights(str(values[name] or ""))
        values["guidance"] = told.get("guidance") or values["guidance"]  # FLUX's has a field of its own
        values["clip_skip"] = int(told["clip_skip"]) + 1 if told.get("clip_skip") else None
        chosen, notes = sampling(str(told.get("scheduler") or ""))
        if chosen and "schedule" not in chosen:
            chosen["schedule"] = "uniform"
        if "img2img" in str(told.get("generation_mode")) or told.get("init_image"):
            notes.append("It began with a picture, which is not in it: choose the picture to start from.")
        model = told.get("model") or {}
        return make_recipe(
            self.title,
            {**values, **chosen},
            adapters=_adapters(told),
            model=_name(model),
            notes=notes,
        )


def _adapters(told: Mapping[str, Any]) -> Iterator[UsedAdapter]:
    from studio.generate.recipe import UsedAdapter

    for each in told.get("loras") or ():
        model = each.get("model") or each.get("lora") or {}
        yield UsedAdapter(_name(model), float(each["weight"]), None, str(model.get("hash") or ""))


def _name(model: Any) -> str:
    if isinstance(model, str):
        return model
    return str(model.get("name") or model.get("model_name") or "")


def _modern(old: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of version 2 under their later names."""
    image = old["image"]
    prompt = image["prompt"]
    text = prompt if isinstance(prompt, str) else ", ".join(str(each["prompt"]) for each in prompt)
    words, _, negative = text.partition("[")
    return {
        **image,
        "positive_prompt": words.strip(),
        "negative_prompt": negative.rstrip("] ").strip(),
        "scheduler": image.get("sampler"),
        "model": old.get("model_weights") or old.get("model") or "",
    }


def _weights(prompt: str) -> str:
    """`(words)1.2`, `(words)++` and `word++` as `(words:1.2)`; each plus is 1.1 times, each minus 0.9."""
    told = WEIGHED.sub(lambda found: f"({found[1]}:{_factor(found[2])})", prompt)
    return STRESSED.sub(lambda found: f"({found[1]}:{_factor(found[2])})", told)


def _factor(mark: str) -> str:
    if mark[0] in "+-":
        return f"{round((1.1 if mark[0] == '+' else 0.9) ** len(mark), 3):g}"
    return mark


ENTRY = InvokeAI()
