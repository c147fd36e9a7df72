from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from PIL import Image

from studio.adapters import library
from studio.adapters.factors import Factors
from studio.adapters.library import adapters, duplicates, find_adapter, search
from studio.adapters.library_memory import (
    add_folder,
    remember_weights,
    remove_folder,
    set_favourite,
    set_note,
)
from studio.adapters.metadata import AdapterFacts
from studio.adapters.writing import write_adapter
from studio.errors import AdapterError
from studio.workspace import Workspace

ONE = {"lora_unet_x": Factors(torch.ones(4, 8), torch.ones(8, 4), 4.0)}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


def put(workspace: Workspace, name: str, *, age: int = 0, **facts: str) -> Path:
    path = workspace.loras / f"{name}.safetensors"
    write_adapter(path, ONE, AdapterFacts(**facts).to_metadata())
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


def test_the_newest_comes_first_with_what_the_file_says(workspace: Workspace) -> None:
    put(workspace, "old", age=10)
    path = put(workspace, "styles/ink", title="Ink wash", base_version="sd_v1", trigger="sks")
    Image.new("RGB", (8, 8)).save(path.with_suffix(".png"))
    cards = adapters(workspace)
    assert [card.name for card in cards] == ["styles/ink", "old"]
    ink = cards[0]
    assert (ink.title, ink.trigger, ink.family, ink.rank) == ("Ink wash", "sks", "sd1", 4)
    assert ink.preview == path.with_suffix(".png")
    assert ink.size_bytes == path.stat().st_size
    assert (cards[1].title, cards[1].family, cards[1].preview) == ("old", "", None)


def test_two_of_one_title_are_told_apart_by_their_names(workspace: Workspace) -> None:
    put(workspace, "fox", title="Fox")
    put(workspace, "fox step 300", title="Fox")
    put(workspace, "crab", title="Crab")
    assert {card.title for card in adapters(workspace)} == {"fox", "fox step 300", "Crab"}


def test_a_damaged_file_is_listed_with_the_reason(workspace: Workspace) -> None:
    put(workspace, "good")
    (workspace.loras / "bad.safetensors").write_bytes(b"<script>alert(1)</script>")
    cards = {card.name: card for card in adapters(workspace)}
    assert cards["good"].fault == ""
    assert "bad.safetensors is damaged" in cards["bad"].fault
    with pytest.raises(AdapterError, match=r"bad\.safetensors is damaged"):
        find_adapter(workspace, "bad")


def test_a_file_is_looked_at_once_until_it_changes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(workspace, "one", title="First")
    put(workspace, "two")
    adapters(workspace)
    looked: list[str] = []
    read = library.read_header
    monkeypatch.setattr(library, "read_header", lambda path: looked.append(path.stem) or read(path))
    adapters(workspace)
    assert looked == []
    (workspace.loras / "one.safetensors").unlink()
    put(workspace, "one", title="Second", age=5)
    assert {card.title for card in adapters(workspace)} == {"Second", "two"}
    assert looked == ["one"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 2, "files": 7}'])
def test_a_damaged_memory_is_made_anew(workspace: Workspace, damage: str) -> None:
    put(workspace, "one")
    adapters(workspace)
    (workspace.cache / "adapters.json").write_text(damage)
    assert [card.name for card in adapters(workspace)] == ["one"]


@pytest.mark.parametrize("name", ["styles/ink", "ink", "INK.safetensors", "Ink wash", " ink "])
def test_an_adapter_is_found_by_any_of_its_names(workspace: Workspace, name: str) -> None:
    put(workspace, "styles/ink", title="Ink wash")
    put(workspace, "other")
    assert find_adapter(workspace, name).name == "styles/ink"


def test_the_nearest_name_is_offered_for_an_unknown_one(workspace: Workspace) -> None:
    put(workspace, "watercolour")
    with pytest.raises(AdapterError, match="Did you mean “watercolour”"):
        find_adapter(workspace, "watercolor")
    with pytest.raises(AdapterError, match="no LoRA called “fox”"):
        find_adapter(workspace, "fox")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..\\secret", "", "."])
def test_a_name_never_leads_out_of_the_folder(workspace: Workspace, name: str) -> None:
    secret = workspace.root / "secret.safetensors"
    write_adapter(secret, ONE, {})
    with pytest.raises(AdapterError, match="no LoRA called"):
        find_adapter(workspace, name)


def test_words_find_an_adapter_by_name_trigger_tag_and_note(workspace: Workspace) -> None:
    ink = put(workspace, "styles/ink", title="Ink wash", base_version="sd_v1", trigger="sks")
    put(workspace, "fox", age=5, base_version="sdxl_base_v1-0")
    set_note(workspace, ink, "good for rain")
    (workspace.loras / "fox.civitai.info").write_text('{"model": {"tags": ["animal"]}}')
    cards = adapters(workspace)
    for text, found in (("ink", 1), ("SKS wash", 1), ("rain", 1), ("animal", 1), ("fox rain", 0), ("", 2)):
        assert len(search(cards, text)) == found, text
    assert [card.name for card in search(cards, family="sdxl")] == ["fox"]
    set_favourite(workspace, ink, True)
    assert [card.path for card in search(adapters(workspace), favourites=True)] == [ink]


def test_what_other_programs_wrote_beside_is_understood(workspace: Workspace) -> None:
    path = put(workspace, "ink")
    path.with_suffix(".civitai.info").write_text(
        '{"trainedWords": ["inkwash", "sumi"], "baseModel": "SDXL 1.0", "description": "<p>Calm</p>",'
        ' "model": {"name": "Ink of calm", "tags": ["style"]}}'
    )
    (card,) = adapters(workspace)
    assert (card.trigger, card.family, card.title) == ("inkwash, sumi", "sdxl", "Ink of calm")
    assert (card.tags, card.about, card.weight) == (("style",), "Calm", None)
    path.with_suffix(".json").write_text(
        '{"activation text": "ink", "preferred weight": 0.7, "sd version": "SDXL"}'
    )
    (card,) = adapters(workspace)
    assert (card.trigger, card.weight, card.title) == ("ink", 0.7, "Ink of calm")


@pytest.mark.parametrize("text", ["", "[]", '{"trainedWords": 7, "model": []}', "\x00", "{" * 9999])
def test_nonsense_beside_an_adapter_does_no_harm(workspace: Workspace, text: str) -> None:
    path = put(workspace, "ink")
    for end in (".json", ".civitai.info"):
        path.with_suffix(end).write_text(text)
    (card,) = adapters(workspace)
    assert (card.name, card.trigger, card.fault) == ("ink", "", "")


def test_folders_of_other_programs_are_read_and_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    theirs = tmp_path / "elsewhere" / "Lora"
    (theirs / "deep").mkdir(parents=True)
    write_adapter(theirs / "deep" / "hen.safetensors", ONE, {})
    before = sorted(theirs.rglob("*"))
    add_folder(workspace, theirs)
    put(workspace, "ink")
    cards = {card.name: card for card in adapters(workspace)}
    assert cards.keys() == {"ink", "Lora/deep/hen"}
    assert cards["ink"].own and not cards["Lora/deep/hen"].own
    assert find_adapter(workspace, "hen").path == theirs / "deep" / "hen.safetensors"
    assert sorted(theirs.rglob("*")) == before
    remove_folder(workspace, theirs)
    assert [card.name for card in adapters(workspace)] == ["ink"]
    with pytest.raises(AdapterError, match="not a folder"):
        add_folder(workspace, tmp_path / "nowhere")


def test_the_same_tensors_under_two_names_are_found(workspace: Workspace) -> None:
    put(workspace, "one", title="One")
    put(workspace, "copy", title="Another", age=1)
    other = {"lora_unet_x": Factors(torch.zeros(4, 8), torch.ones(8, 4), 4.0)}
    write_adapter(workspace.loras / "other.safetensors", other, {})
    (same,) = duplicates(workspace, adapters(workspace))
    assert {card.name for card in same} == {"one", "copy"}


def test_the_weight_used_last_is_remembered(workspace: Workspace) -> None:
    path = put(workspace, "ink")
    assert adapters(workspace)[0].last_weight is None
    remember_weights(workspace, {path: 0.65})
    assert adapters(workspace)[0].last_weight == 0.65
