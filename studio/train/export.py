"""Export: the finished LoRA, with its preview and its recipe, where Generate finds it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.adapters.metadata import AdapterFacts
from studio.adapters.naming import DENOISER_PREFIX, kohya_key
from studio.adapters.writing import write_adapter
from studio.jobs.run import Run
from studio.train.plan import Plan
from studio.train.settings import TrainSettings
from studio.workspace import safe_name, writing

if TYPE_CHECKING:
    from studio.families._base import Model
    from studio.networks._base import Attached


@dataclass(frozen=True)
class Recipe:
    """All that decides what a training makes, for the file's metadata and the `.json` beside it."""

    run: Run
    settings: TrainSettings
    model: Model
    plan: Plan
    name: str
    base: str

    def metadata(self, steps: int) -> dict[str, str]:
        """`ss_*` as kohya's trainer writes them, `modelspec.*`, and the whole recipe in JSON."""
        family, settings = self.model.family, self.settings
        facts = AdapterFacts(
            title=self.name,
            architecture=family.architecture,
            base_version=family.base_version,
            base=self.base,
            base_hash=self.model.base_hash,
            trigger=settings.trigger,
            rank=settings.rank,
            alpha=settings.alpha or settings.rank,
            resolution=self.plan.resolution,
            pictures=len(self.plan.examples),
            steps=steps,
            learning_rate=settings.learning_rate,
        )
        captions = Counter(example.caption for example in self.plan.examples)
        return facts.to_metadata(
            {
                "ss_tag_frequency": json.dumps({self.dataset: dict(captions)}, ensure_ascii=False),
                "ss_optimizer": settings.optimizer,
                "ss_min_snr_gamma": f"{settings.min_snr_gamma:g}",
                "ss_seed": str(self.run.seed),
                "ss_batch_size_per_device": str(settings.batch_size),
                "ss_gradient_accumulation_steps": str(settings.accumulation),
                "studio_recipe": json.dumps(self.whole(), ensure_ascii=False),
            }
        )

    def whole(self) -> dict[str, Any]:
        """Plain values: settings, seed, versions, base, and the pictures with their captions."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "seed": self.run.seed,
            "versions": self.run.versions,
            "base": {"name": self.base, "family": self.model.family.name, "sha256": self.model.base_hash},
            "pictures": {each.picture.path.name: each.caption for each in self.plan.examples},
        }

    @property
    def dataset(self) -> str:
        """The name of the dataset's folder."""
        return self.plan.examples[0].picture.path.parent.name


def write_lora(path: Path, attached: Attached, metadata: dict[str, str]) -> None:
    """Write what is learned so far, in float16 under kohya's keys."""
    factors = {kohya_key(DENOISER_PREFIX, layer): each for layer, each in attached.factors().items()}
    write_adapter(path, factors, metadata)


def publish(attached: Attached, loras: Path, recipe: Recipe, preview: Path | None) -> Path:
    """Put the finished LoRA among the others, under a free name, its preview and recipe beside it."""
    name = _free_name(loras, safe_name(recipe.name))
    target = loras / f"{name}.safetensors"
    write_lora(target, attached, replace(recipe, name=name).metadata(recipe.settings.steps))
    if preview is not None:
        shutil.copyfile(preview, loras / f"{name}.png")
    with writing(loras / f"{name}.json") as file:
        json.dump(_card(recipe), file, ensure_ascii=False, indent=1)
    return target


def _card(recipe: Recipe) -> dict[str, Any]:
    """The `.json` that A1111 reads beside a LoRA, and our recipe in a part of its own."""
    return {
        "description": f"Trained on {len(recipe.plan.examples)} pictures of “{recipe.dataset}”.",
        "activation text": recipe.settings.trigger,
        "preferred weight": 1.0,
        "studio": recipe.whole(),
    }


def _free_name(loras: Path, name: str) -> str:
    """A name of which neither the LoRA nor what lies beside it is taken."""
    number, candidate = 1, name
    while any((loras / f"{candidate}{end}").exists() for end in (".safetensors", ".png", ".json")):
        number += 1
        candidate = f"{name} {number}"
    return candidate
