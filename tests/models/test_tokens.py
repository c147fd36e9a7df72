from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from studio.errors import ModelError
from studio.families import FAMILIES
from studio.models.facts import base_facts
from studio.models.tokens import TokenCounter, counters, english
from studio.workspace import ASSETS, Workspace
from tests.families.small import t5

SD1 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
CAPTIONS = [
    "a fox",
    "",
    "  sks FOX,  sitting\non grass ",
    "Ünïcode, 日本語 and 🦊🦊",
    "don't, it's 10,000!!",
    "e\u0301 and é",
    "<|endoftext|> in the middle",
    "word " * 120,
]


@pytest.fixture(params=["pocket", SD1])
def counter(request: pytest.FixtureRequest, workspace: Workspace) -> TokenCounter:
    (only,) = counters(request.param, workspace)
    return only


@pytest.mark.parametrize("caption", CAPTIONS)
def test_tokens_are_counted_as_the_training_cuts_them(caption: str, counter: TokenCounter) -> None:
    from transformers import CLIPTokenizer

    folder = ASSETS / "pocket" if counter.size < 10_000 else Path(str(FAMILIES.get("sd1").configs))
    real = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    ids = real(caption, add_special_tokens=False).input_ids
    assert counter.tokenizer.encode(caption, add_special_tokens=False).ids == ids
    assert counter.count(caption) == len(ids) == counter.counts([caption])[0]
    assert counter.limit == real.model_max_length - 2


@pytest.mark.parametrize("caption", [caption for caption in CAPTIONS if caption])
def test_the_pieces_are_the_caption(caption: str, counter: TokenCounter) -> None:
    pieces = counter.pieces(caption)
    assert "".join(pieces) == caption
    assert len(pieces) == counter.count(caption)


def test_the_end_that_is_not_read_can_be_shown(counter: TokenCounter) -> None:
    caption = "a " * counter.limit + "fox, unread"
    assert "".join(counter.pieces(caption)[counter.limit :]) == "fox, unread"


def test_how_ordinary_a_word_is_shows_in_the_vocabulary() -> None:
    ranks = {word: english().rank(word) for word in ("the", "photo", "sks", "zwx")}
    assert ranks["zwx"] is None
    assert ranks["the"] < ranks["photo"] < 0.1 < 0.9 < ranks["sks"]  # type: ignore[operator]
    assert english().parts("zwx") == ["z", "wx"]


def test_a_diffusers_folder_has_a_counter_for_each_encoder(
    tiny: Path, workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "two"
    shutil.copytree(tiny, folder)
    shutil.copytree(folder / "tokenizer", folder / "tokenizer_2")
    saved = json.loads((folder / "tokenizer_2" / "tokenizer.json").read_text())
    saved["truncation"] = {"max_length": 5, "stride": 0, "strategy": "LongestFirst", "direction": "Right"}
    (folder / "tokenizer_2" / "tokenizer.json").write_text(json.dumps(saved))
    found = counters(str(folder), workspace)
    assert [(one.name, one.limit) for one in found] == [("text_encoder", 22), ("text_encoder_2", 22)]
    assert [one.count("fourteenletters") for one in found] == [15, 15]


def test_a_single_file_is_counted_by_its_family(workspace: Workspace) -> None:
    import torch
    from safetensors.torch import save_file

    weights = {
        "model.diffusion_model.input_blocks.0.0.weight": torch.zeros(1, 4, 1, 1),
        "model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight": torch.zeros(1, 768),
    }
    save_file(weights, workspace.models / "mine.safetensors")
    (counter,) = counters("mine", workspace)
    assert (counter.limit, counter.rank("photo")) == (75, english().rank("photo"))
    facts = base_facts("mine", workspace)
    assert facts is not None and (facts.resolution, facts.side_multiple, facts.title) == (512, 64, "mine")


def test_facts_are_those_of_the_opened_model(tiny: Path, workspace: Workspace) -> None:
    from studio.models.opening import open_model

    for base in ("pocket", str(tiny)):
        facts = base_facts(base, workspace)
        assert facts is not None
        assert facts.side_multiple == open_model(base, workspace).side_multiple


def test_nothing_is_known_of_a_model_that_nobody_suggests(workspace: Workspace) -> None:
    assert counters("somebody/something", workspace) == ()
    assert base_facts("somebody/something", workspace) is None


@pytest.mark.parametrize("content", ["", "{", "{}", '{"model": {"type": "?"}}'])
def test_a_damaged_tokenizer_is_told(content: str, tiny: Path, workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(tiny, folder)
    (folder / "tokenizer" / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError, match="tokenizer of broken"):
        counters(str(folder), workspace)


def test_a_file_is_counted_with_the_tokenizer_that_lies_beside_it(workspace: Workspace) -> None:
    shapes = {"img_in": (8, 64), "txt_in": (8, 4096), "vector_in.in_layer": (8, 8)}
    shapes |= {"double_blocks.0.img_attn.qkv": (24, 8)}
    file = workspace.models / "flux.safetensors"
    save_file({f"{name}.weight": torch.zeros(shape) for name, shape in shapes.items()}, file)
    assert [(each.name, each.limit) for each in counters("flux", workspace)] == [("text_encoder", 75)]
    t5("flux", "text_encoder_2")[1].save_pretrained(workspace.models / "t5")
    told = {each.name: each for each in counters("flux", workspace)}
    assert (told["text_encoder"].limit, told["text_encoder_2"].limit) == (75, 511)
    assert told["text_encoder_2"].count("fox") == 4
