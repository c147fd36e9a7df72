"""Metadata of an adapter file: `ss_*` as kohya's trainer writes it, `modelspec.*` as Stability defines it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from studio import __version__


@dataclass(frozen=True)
class AdapterFacts:
    """What is known of an adapter. `architecture` and `base_version` are the family's."""

    title: str = ""
    architecture: str = ""
    base_version: str = ""
    base: str = ""
    base_hash: str = ""
    trigger: str = ""
    rank: int = 0
    alpha: float = 0.0
    resolution: int = 0
    pictures: int = 0
    steps: int = 0
    learning_rate: float = 0.0
    merged_from: str = ""
    tags: tuple[str, ...] = ()

    def to_metadata(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """As it is written into the file, with `extra` in the file's own words; the unknown is left out."""
        size = f"{self.resolution}x{self.resolution}" if self.resolution else ""
        written = {
            "ss_output_name": self.title,
            "ss_base_model_version": self.base_version,
            "ss_sd_model_name": self.base,
            "ss_sd_model_hash": self.base_hash,
            "ss_network_module": "networks.lora",
            "ss_network_dim": _number(self.rank),
            "ss_network_alpha": _number(self.alpha),
            "ss_resolution": f"({self.resolution}, {self.resolution})" if self.resolution else "",
            "ss_num_train_images": _number(self.pictures),
            "ss_steps": _number(self.steps),
            "ss_learning_rate": _number(self.learning_rate),
            "modelspec.sai_model_spec": "1.0.0",
            "modelspec.architecture": f"{self.architecture}/lora" if self.architecture else "",
            "modelspec.implementation": "diffusers",
            "modelspec.title": self.title,
            "modelspec.date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "modelspec.resolution": size,
            "modelspec.trigger_phrase": self.trigger,
            "modelspec.merged_from": self.merged_from,
            "studio_version": __version__,
            **(extra or {}),
        }
        return {key: text for key, text in written.items() if text}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """What a file, of ours or of another trainer, says of itself."""
        word = metadata.get
        return cls(
            title=word("modelspec.title") or word("ss_output_name", ""),
            architecture=word("modelspec.architecture", "").removesuffix("/lora"),
            base_version=word("ss_base_model_version", ""),
            base=word("ss_sd_model_name", ""),
            base_hash=word("ss_new_sd_model_hash") or word("ss_sd_model_hash", ""),
            trigger=word("modelspec.trigger_phrase", ""),
            rank=int(figure(word("ss_network_dim"))),
            alpha=figure(word("ss_network_alpha")),
            resolution=int(figure(word("modelspec.resolution", "").partition("x")[0])),
            pictures=int(figure(word("ss_num_train_images"))),
            steps=int(figure(word("ss_steps"))),
            learning_rate=figure(word("ss_learning_rate")),
            merged_from=word("modelspec.merged_from", ""),
            tags=_frequent_tags(word("ss_tag_frequency", "")),
        )

    def training(self) -> str:
        """What is known of the training, in a line."""
        told = (
            f"{self.steps} steps" if self.steps else "",
            f"{self.pictures} pictures" if self.pictures else "",
            f"{self.resolution} px" if self.resolution else "",
            f"learning rate {self.learning_rate:g}" if self.learning_rate else "",
        )
        return ", ".join(filter(None, told))


def _frequent_tags(text: str) -> tuple[str, ...]:
    """The five most frequent tags of the training pictures, of `ss_tag_frequency`."""
    counts: Counter[str] = Counter()
    try:
        for tags in json.loads(text or "{}").values():
            counts.update({str(tag).strip()[:60]: int(count) for tag, count in tags.items()})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ()
    return tuple(tag for tag, _ in counts.most_common(5) if tag)


def _number(value: float) -> str:
    return f"{value:.10g}" if value else ""


def figure(text: str | None) -> float:
    """A figure from outside text: 0 for what is none ("None", "Dynamic", "nan")."""
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return value if abs(value) < 1e9 else 0.0
