"""Export: the LoRA as a file, with all that is needed to train it again, where Generate finds it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from studio.adapters.keying import kohya_changes
from studio.adapters.metadata import AdapterFacts
from studio.adapters.naming import DENOISER, LayerTable
from studio.adapters.writing import write_adapter
from studio.families._base import Family
from studio.jobs.run import Run
from studio.train.plan import Plan
from studio.train.settings import TrainSettings
from studio.workspace import safe_name, writing

if TYPE_CHECKING:
    from studio.networks._base import Attached


@dataclass(frozen=True)
class Recipe:
    """All that decides what a training makes, for the file's metadata and the `.json` beside it."""

    run: Run
    settings: TrainSettings
    family: Family
    base: str
    base_hash: str
    plan: Plan
    name: str
    table: LayerTable
    """The layers of the base, by which they are named in the file."""
    class_fingerprint: str = ""
    """Of the person's own class pictures."""

    def metadata(self, steps: int) -> dict[str, str]:
        """`ss_*` as kohya's trainer writes them, `modelspec.*`, and the whole recipe in JSON."""
        settings = self.settings
        facts = AdapterFacts(
            title=self.name,
            architecture=self.family.architecture,
            base_version=self.family.base_version,
            base=self.base,
            base_hash=self.base_hash,
            trigger=settings.trigger,
            rank=settings.rank,
            alpha=settings.alpha or settings.rank,
            resolution=self.plan.resolution,
            pictures=len({example.picture.path for example in self.plan.examples}),
            steps=steps,
            learning_rate=settings.learning_rate,
        )
        captions = Counter(example.caption for example in self.plan.examples)
        return facts.to_metadata(
            {
                "ss_tag_frequency": json.dumps({self.dataset: dict(captions)}, ensure_ascii=False),
                "ss_optimizer": settings.optimizer,
                "ss_lr_scheduler": settings.schedule,
                "ss_min_snr_gamma": f"{settings.min_snr_gamma:g}",
                "ss_seed": str(self.run.seed),
                "ss_batch_size_per_device": str(settings.batch_size),
                "ss_gradient_accumulation_steps": str(settings.accumulation),
                "studio_recipe": json.dumps({**self.whole(), "step": steps}, ensure_ascii=False),
            }
        )

    def whole(self) -> dict[str, Any]:
        """Plain values: settings, seed, versions, base, and the pictures with captions and fingerprints."""
        examples = (*self.plan.examples, *self.plan.kept_apart)
        return {
            "settings": self.settings.model_dump(mode="json"),
            "seed": self.run.seed,
            "versions": self.run.versions,
            "base": {"name": self.base, "family": self.family.name, "sha256": self.base_hash},
            "pictures": {each.picture.path.name: each.caption for each in examples},
            "fingerprints": {each.picture.path.name: each.fingerprint for each in examples},
            "class_fingerprint": self.class_fingerprint,
        }

    @property
    def dataset(self) -> str:
        """The name of the dataset's folder."""
        return self.plan.examples[0].picture.path.parent.name


def write_lora(path: Path, attached: Attached, recipe: Recipe, steps: int) -> None:
    """Write what is learned so far, in float16 under the keys of kohya's trainer for the family."""
    learned = {DENOISER: attached.factors(), **attached.text_factors()}
    changes = {
        layer: learned[layer.part][layer.path]
        for layer in recipe.table.layers
        if layer.path in learned.get(layer.part, {})
    }
    write_adapter(path, kohya_changes(changes, recipe.table), recipe.metadata(steps))


def publish(
    checkpoint: Path, loras: Path, recipe: Recipe, preview: Path | None, verdict: Mapping[str, Any]
) -> Path:
    """Put a checkpoint's LoRA among the others, under a free name, its preview and recipe beside it.

    `verdict` has at least "weight", the strength at which to use it, and "sentence".
    """
    from safetensors import safe_open
    from safetensors.torch import load_file, save

    name = free_name(loras, safe_name(recipe.name))
    target = loras / f"{name}.safetensors"
    with safe_open(checkpoint, framework="pt") as opened:
        known = dict(opened.metadata())
    named = {
        **known,
        "ss_output_name": name,
        "modelspec.title": name,
        "studio_verdict": json.dumps(dict(verdict), ensure_ascii=False),
    }
    with writing(target, "wb") as file:
        cast("IO[bytes]", file).write(save(load_file(checkpoint), metadata=named))
    if preview is not None:
        shutil.copyfile(preview, loras / f"{name}.png")
    add_card(target, recipe.whole(), weight=verdict["weight"], notes=verdict["sentence"])
    return target


def add_card(lora: Path, recipe: Mapping[str, Any], *, weight: float, notes: str) -> None:
    """The `.json` that A1111 reads beside a LoRA, and our recipe in a part of its own."""
    settings, pictures = recipe.get("settings", {}), recipe.get("pictures", {})
    card = {
        "description": f"Trained on {len(pictures)} pictures of “{Path(settings.get('dataset', '')).name}”.",
        "activation text": settings.get("trigger", ""),
        "preferred weight": weight,
        "notes": notes,
        "studio": recipe,
    }
    with writing(lora.with_suffix(".json")) as file:
        json.dump(card, file, ensure_ascii=False, indent=1)


def free_name(loras: Path, name: str) -> str:
    """A name of which neither the LoRA nor what lies beside it is taken."""
    number, candidate = 1, name
    while any((loras / f"{candidate}{end}").exists() for end in (".safetensors", ".png", ".json")):
        number += 1
        candidate = f"{name} {number}"
    return candidate
