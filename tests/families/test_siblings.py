"""A miniature's sibling: a folder that keeps only what is its own, and borrows the rest from beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from studio.errors import ModelError
from studio.families import FAMILIES
from studio.models import source as sources
from studio.models.identify import identify
from studio.models.layout import Entry, Layout
from studio.models.source import Source, bases, resolve
from studio.models.tokens import counters
from studio.workspace import Workspace
from tests.families.small import narrow_xl

FLUX = {
    "single_transformer_blocks.0.proj_mlp": (8, 8),
    "time_text_embed.text_embedder.linear_1": (8, 8),
}


@pytest.fixture
def sibling(tmp_path: Path) -> Path:
    """A narrow SDXL in `home/xl` whose VAE, first text encoder and tokenizers lie in `home`."""
    home = tmp_path / "home"
    narrow_xl().save_pretrained(home / "xl")
    borrowed = {"vae": "vae", "text_encoder": "text_encoder", "tokenizer": "tokenizer"}
    for part, place in borrowed.items():
        shutil.move(home / "xl" / part, home / place)
    shutil.rmtree(home / "xl" / "tokenizer_2")
    told = {part: f"../{place}" for part, place in {**borrowed, "tokenizer_2": "tokenizer"}.items()}
    (home / "xl" / "borrowed.json").write_text(json.dumps(told))
    return home / "xl"


def test_a_sibling_opens_with_what_it_borrows(sibling: Path, workspace: Workspace) -> None:
    source = Source("folder", str(sibling), "xl")
    family = identify(source)
    assert family.name == "pocket-xl"
    model = family.open(source, device=torch.device("cpu"), dtype=torch.float32)
    with torch.no_grad():
        assert model.encode_prompts(["a fox"])["prompt_embeds"].shape[-1] == 16
    named = [counter.name for counter in counters(str(sibling), workspace)]
    assert named == ["text_encoder", "text_encoder_2"]


@pytest.mark.parametrize(
    ("entries", "family"),
    [
        ({"pos_embed.proj": (48, 4, 2, 2), "context_embedder": (48, 96)}, "pocket-sd3"),
        ({"pos_embed.proj": (1536, 16, 2, 2), "context_embedder": (1536, 4096)}, "sd3"),
        ({"pos_embed.proj": (2432, 16, 2, 2), "context_embedder": (2432, 4096)}, "sd3-large"),
        ({"single_stream_modulation.linear": (8, 8), "context_embedder": (8, 7680)}, "flux2-klein-4b"),
        ({"single_stream_modulation.linear": (8, 8), "context_embedder": (8, 12288)}, None),
        ({"cap_embedder.1": (8, 2560), "noise_refiner.0.feed_forward.w1": (8, 8)}, "z-image"),
        ({**FLUX, "x_embedder": (96, 16), "context_embedder": (96, 96)}, "pocket-flux"),
        ({**FLUX, "x_embedder": (3072, 64), "context_embedder": (3072, 4096)}, "flux"),
        ({**FLUX, "x_embedder": (3072, 384), "context_embedder": (3072, 4096)}, None),
    ],
)
def test_transformers_are_told_apart_by_width(
    entries: dict[str, tuple[int, ...]], family: str | None
) -> None:
    named = {f"transformer.{name}.weight": Entry(shape, "F16") for name, shape in entries.items()}
    layout = Layout("x", named, {})
    assert [each.name for each in FAMILIES if each.recognises(layout)] == ([family] if family else [])


def test_a_sibling_is_offered_where_it_is_there(
    sibling: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sources.MINIATURES, "pocket-xl", (sibling, "Miniature XL"))
    monkeypatch.setitem(sources.MINIATURES, "pocket-sd3", (sibling.parent / "sd3", "Miniature SD3"))
    offered = [base.value for base in bases(workspace)]
    assert "pocket-xl" in offered
    assert "pocket-sd3" not in offered
    with pytest.raises(ModelError, match="Miniature SD3"):
        resolve("pocket-sd3", workspace)


@pytest.mark.parametrize("place", ["../../elsewhere", "/etc", 5])
def test_nothing_is_borrowed_from_elsewhere(sibling: Path, place: object) -> None:
    (sibling / "borrowed.json").write_text(json.dumps({"vae": place}))
    with pytest.raises(ModelError, match=r"xl/borrowed\.json cannot be used"):
        identify(Source("folder", str(sibling), "xl"))
