"""Latents and embeddings are computed once for the same content, and again, alone, for what changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from studio.data.hints import set_hints
from studio.errors import TrainingError
from studio.families._base import Model
from studio.models.opening import open_model
from studio.train.cache import Cache
from studio.train.store import Store
from tests.train.studio_in_small import Small, draw_picture, make_small

BUCKET = (64, 64)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


class Counting:
    """Counts what a model's encoders are asked for."""

    def __init__(self, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pictures = self.prompts = 0
        encode_pictures, encode_prompts = model.encode_pictures, model.encode_prompts

        def pictures(pixels: torch.Tensor) -> torch.Tensor:
            self.pictures += 1
            return encode_pictures(pixels)

        def prompts(texts: list[str]) -> object:
            self.prompts += 1
            return encode_prompts(texts)

        monkeypatch.setattr(model, "encode_pictures", pictures)
        monkeypatch.setattr(model, "encode_prompts", prompts)


def test_a_changed_picture_is_encoded_again_alone(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model("tiny", small.workspace, device=torch.device("cpu"))
    count = Counting(model, monkeypatch)
    files = sorted((small.workspace.datasets / "dots").glob("*.png"))

    def all_latents() -> list[torch.Tensor]:
        cache = Cache(small.workspace.cache, model)
        return [cache.latents(file, BUCKET, mirrored=False) for file in files]

    first = all_latents()
    assert count.pictures == 4
    assert all(torch.equal(one, other) for one, other in zip(first, all_latents(), strict=True))
    assert count.pictures == 4
    draw_picture(files[2], "black")
    changed = all_latents()
    assert count.pictures == 5
    assert [torch.equal(one, other) for one, other in zip(first, changed, strict=True)] == [
        True,
        True,
        False,
        True,
    ]


def test_a_mirrored_picture_has_latents_of_its_own(small: Small) -> None:
    model = open_model("tiny", small.workspace, device=torch.device("cpu"))
    lopsided = small.workspace.datasets / "dots" / "lopsided.png"
    draw_picture(lopsided, "black", (200, 64))
    cache = Cache(small.workspace.cache, model)
    plain = cache.latents(lopsided, (96, 64), mirrored=False)
    mirrored = cache.latents(lopsided, (96, 64), mirrored=True)
    assert plain.shape == mirrored.shape == (4, 8, 12)
    assert not torch.equal(plain, mirrored)


def test_a_prompt_is_encoded_once(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model("tiny", small.workspace, device=torch.device("cpu"))
    count = Counting(model, monkeypatch)
    told = [Cache(small.workspace.cache, model).prompt(prompt) for prompt in ("a fox", "a cat", "a fox")]
    assert count.prompts == 2
    assert torch.equal(told[0]["prompt_embeds"], told[2]["prompt_embeds"])


def test_other_weights_have_a_cache_of_their_own(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model("tiny", small.workspace, device=torch.device("cpu"))
    picture = small.workspace.datasets / "dots" / "0.png"
    before = Cache(small.workspace.cache, model).latents(picture, BUCKET, mirrored=False)
    with torch.no_grad():
        next(model.vae.parameters()).mul_(2)
    after = Cache(small.workspace.cache, model).latents(picture, BUCKET, mirrored=False)
    assert not torch.equal(before, after)


def test_a_damaged_cache_file_is_made_again(small: Small) -> None:
    model = open_model("tiny", small.workspace, device=torch.device("cpu"))
    cache = Cache(small.workspace.cache, model)
    good = cache.prompt("a fox")["prompt_embeds"]
    for file in small.workspace.cache.glob("prompts/*"):
        file.write_bytes(b"no tensors")
    assert torch.equal(cache.prompt("a fox")["prompt_embeds"], good)


def test_the_colour_behind_a_transparent_picture_is_part_of_what_is_remembered(small: Small) -> None:
    model = open_model("tiny", small.workspace, device=torch.device("cpu"))
    cache = Cache(small.workspace.cache, model)
    picture = small.workspace.datasets / "dots" / "clear.png"
    Image.new("RGBA", BUCKET, (255, 0, 0, 0)).save(picture)
    white = cache.latents(picture, BUCKET, mirrored=False)
    set_hints(picture.parent, background="#102030")
    dark = cache.latents(picture, BUCKET, mirrored=False)
    plain = picture.with_name("plain.png")
    Image.new("RGB", BUCKET, "#102030").save(plain)
    assert not torch.equal(white, dark)
    assert torch.equal(dark, cache.latents(plain, BUCKET, mirrored=False))


def test_what_does_not_fit_into_memory_is_read_from_the_cache(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"steps": 3, "captions": "captions", "keep_class": "on", "class_folder": "dots"}
    plain, sparing = small.run(**values), small.run(**values)
    small.train(plain)
    monkeypatch.setattr(Store.__init__, "__defaults__", (0,))
    small.train(sparing)
    assert small.steps(sparing) == small.steps(plain)


def test_a_cache_that_is_emptied_meanwhile_is_told_with_a_remedy(tmp_path: Path) -> None:
    def read(file: Path) -> torch.Tensor:
        return torch.tensor(list(file.read_bytes()))

    store: Store[str, torch.Tensor] = Store(read, most=8)
    store.put("one", torch.zeros(1), tmp_path / "one")
    store.put("two", torch.zeros(2), tmp_path / "two")
    assert list(store) == ["one", "two"] and len(store) == 2
    assert store["one"] == 0
    with pytest.raises(TrainingError, match="Resume"):
        store["two"]
