"""A miniature's sibling: a folder that keeps only what is its own, and borrows the rest from beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from studio.errors import ModelError
from studio.models import source as sources
from studio.models.identify import identify
from studio.models.source import Source, bases, resolve
from studio.models.tokens import counters
from studio.workspace import Workspace
from tests.families.small import narrow_xl


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
