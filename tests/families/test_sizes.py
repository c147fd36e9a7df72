"""The shipped configurations are those of the full-size models: their weights are counted."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch

from studio.families import FAMILIES
from studio.families.flux import SCHNELL

# In millions as the models' own pages and papers say it, and to the weight as counted.
PUBLISHED: dict[tuple[str, str], tuple[str, int]] = {
    ("sd1", "unet"): ("860 M", 859_520_964),
    ("sd1", "text_encoder"): ("123 M", 123_060_480),
    ("sd1", "vae"): ("84 M", 83_653_863),
    ("sd2", "unet"): ("866 M", 865_910_724),
    ("sd2", "text_encoder"): ("340 M", 340_387_840),
    ("sdxl", "unet"): ("2.6 B", 2_567_463_684),
    ("sdxl", "text_encoder_2"): ("695 M", 694_659_840),
    ("sd3", "transformer"): ("2.2 B", 2_243_171_520),
    ("sd3", "text_encoder_3"): ("4.7 B", 4_762_310_656),
    ("sd3-large", "transformer"): ("8.1 B", 8_056_627_520),
    ("flux", "transformer"): ("12 B", 11_901_408_320),
    ("flux-schnell", "transformer"): ("12 B", 11_891_178_560),
    ("z-image", "transformer"): ("6 B", 6_154_908_736),
    ("z-image", "text_encoder"): ("4 B", 4_022_468_096),
    ("flux2-klein-4b", "transformer"): ("4 B", 3_875_544_576),
    ("flux2-klein-4b", "vae"): ("84 M", 84_046_115),
}


def empty_part(family: Any, part: str) -> torch.nn.Module:
    """A part at full size, without memory for its weights."""
    told = {**family.parts, **getattr(family, "t5", {})}[part]
    library, _, name = told.partition(".")
    kind: Any = getattr(importlib.import_module(library), name)
    with torch.device("meta"):
        if library == "diffusers":
            made: torch.nn.Module = kind.from_config(family.config(part))
            return made
        return kind(kind.config_class(**family.config(part)))  # type: ignore[no-any-return]


@pytest.mark.parametrize(("name", "part"), PUBLISHED)
def test_as_many_weights_as_are_published(name: str, part: str) -> None:
    family = SCHNELL if name == "flux-schnell" else FAMILIES.get(name)
    assert sum(weight.numel() for weight in empty_part(family, part).parameters()) == PUBLISHED[name, part][1]


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("sd3", "_sd3_file"),
        ("sd3-large", "_sd3_file"),
        ("flux", "_flux_file"),
        ("flux-schnell", "_flux_file"),
    ],
)
def test_the_weights_of_a_full_size_file_tell_its_configuration(name: str, module: str) -> None:
    """Names and shapes of the original files, from the transformer's own layers."""
    from tests.families.originals import denoiser

    family: Any = SCHNELL if name == "flux-schnell" else FAMILIES.get(name)
    transformer: Any = empty_part(family, "transformer")
    weights = denoiser(type("Pipeline", (), {"transformer": transformer})())
    told = importlib.import_module(f"studio.families.{module}").transformer_config(weights)
    own = dict(transformer.config)
    assert {key: _plain(own[key]) for key in told} == {key: _plain(value) for key, value in told.items()}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | list) else value
