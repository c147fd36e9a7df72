"""What a person notices of the gallery: everything is there, found at once, and nothing is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from studio.generate.gallery import Gallery
from studio.generate.pictures import save_picture
from studio.generate.recipe import Recipe, UsedAdapter
from studio.workspace import Workspace

VALUES = {"negative": "", "steps": 4, "guidance": 3, "width": 8, "height": 8, "sampler": "auto"}


def made(
    workspace: Workspace, name: str, prompt: str, *, day: str = "2026-11-20", at: float = 0.0, **more: str
) -> Path:
    """A picture with a recipe, made `at` seconds after the others."""
    path = workspace.outputs / day / name
    used = tuple(UsedAdapter(each, 0.5) for each in more.get("adapters", "").split())
    recipe = Recipe({**VALUES, "prompt": prompt, "seed": 7}, model=more.get("model", "Tiny"), adapters=used)
    save_picture(Image.new("RGB", (8, 8)), path, recipe.texts())
    os.utime(path, (1e9 + at, 1e9 + at))
    return path


@pytest.fixture
def gallery(workspace: Workspace) -> Gallery:
    made(workspace, "a.png", "a red fox", at=1, adapters="ink")
    made(workspace, "b.webp", "a blue fox_1", at=2, adapters="ink water colour", model="Other")
    made(workspace, "c.jpg", "a hen", day="2026-11-21", at=3)
    Image.new("RGB", (8, 8)).save(workspace.outputs / "2026-11-21" / "plain.png")
    return Gallery(workspace)


def names(gallery: Gallery, text: str = "", **asked: object) -> list[str]:
    return [shot.path.name for shot in gallery.search(text, **asked) if shot.prompt]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "asked", "found"),
    [
        ("", {}, ["c.jpg", "b.webp", "a.png"]),
        ("FOX", {}, ["b.webp", "a.png"]),
        ("fox red", {}, ["a.png"]),
        ("fox_1", {}, ["b.webp"]),
        ("ink", {}, ["b.webp", "a.png"]),
        ("%", {}, []),
        ("", {"adapter": "water"}, ["b.webp"]),
        ("", {"adapter": "wat"}, []),
        ("", {"model": "Other"}, ["b.webp"]),
        ("", {"day": "2026-11-20"}, ["b.webp", "a.png"]),
        ("", {"limit": 2}, ["c.jpg"]),
    ],
)
def test_pictures_are_found(gallery: Gallery, text: str, asked: dict[str, object], found: list[str]) -> None:
    assert names(gallery, text, **asked) == found


def test_a_picture_of_another_program_is_shown_too(gallery: Gallery) -> None:
    assert "plain.png" in [shot.path.name for shot in gallery.search()]


def test_pages_follow_one_another_without_a_gap(gallery: Gallery) -> None:
    seen = gallery.search(limit=1)
    while following := gallery.search(before=seen[-1].place, limit=1):
        seen += following
    assert seen == gallery.search()


def test_days_models_and_adapters_are_counted(gallery: Gallery) -> None:
    assert gallery.days() == [("2026-11-21", 2), ("2026-11-20", 2)]
    assert gallery.models() == [("Tiny", 2), ("Other", 1)]
    assert gallery.adapters() == [("ink", 2), ("colour", 1), ("water", 1)]


def test_what_is_new_or_gone_is_noticed_at_the_next_look(gallery: Gallery, workspace: Workspace) -> None:
    assert len(gallery.search()) == 4
    new = made(workspace, "d.png", "an owl", day="2026-11-22", at=9)
    (workspace.outputs / "2026-11-20" / "a.png").unlink()
    assert names(gallery) == ["d.png", "c.jpg", "b.webp"]
    assert gallery.shot(new) and gallery.shot(workspace.outputs / "2026-11-20" / "a.png") is None


def test_favourites_outlive_the_index(gallery: Gallery, workspace: Workspace) -> None:
    path = workspace.outputs / "2026-11-20" / "a.png"
    gallery.favourite(path, True)
    assert names(gallery, favourite=True) == ["a.png"]
    assert gallery.rebuild() == 4
    (workspace.hidden / "gallery.sqlite").write_bytes(b"damaged" * 1000)
    for beside in workspace.hidden.glob("gallery.sqlite-*"):
        beside.unlink()
    assert names(Gallery(workspace), favourite=True) == ["a.png"]
    gallery.favourite(path, False)
    assert names(gallery, favourite=True) == []


def test_deleting_goes_to_the_systems_bin(
    gallery: Gallery, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    binned: list[Path] = []
    monkeypatch.setattr("send2trash.send2trash", binned.append)
    path = workspace.outputs / "2026-11-20" / "a.png"
    elsewhere = workspace.root / "mine.png"
    Image.new("RGB", (8, 8)).save(elsewhere)
    assert gallery.bin([path, elsewhere]) == 1
    assert binned == [path]


def test_pictures_become_a_dataset_with_their_prompts(gallery: Gallery, workspace: Workspace) -> None:
    shots = gallery.search("fox")
    brought = gallery.export([shot.path for shot in shots], "foxes")
    captions = sorted(file.read_text() for file in brought.folder.glob("*.txt"))
    assert captions == ["a blue fox_1", "a red fox"]
    assert all(shot.path.exists() for shot in shots)
