from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from PIL import Image

from studio.caption.captioners import pocket
from studio.caption.captioners._hub import needed
from studio.caption.captioners._sentence import HubSentence, OpenedSentence
from studio.caption.settings import CAPTIONERS, CaptionSettings
from studio.data.pictures import open_picture
from studio.errors import ModelError, Offline
from studio.jobs.context import Context
from studio.pocket.things import COLOURS
from studio.settings import knobs
from studio.workspace import ASSETS, Workspace
from tests.caption import fake_hub, tiny_blip, tiny_models
from tests.caption.fakes import Job
from tests.data import samples

CPU = torch.device("cpu")
ANY = CaptionSettings(dataset="any")
BLIP = "BlipForConditionalGeneration"
RED, BLUE = (Image.new("RGB", (300, 200), colour) for colour in ("red", "blue"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blip")
    tiny_blip.save(folder, {"red": "a arafed red wall", "blue": "a arafed blue wall"})
    return folder


@pytest.fixture
def job(workspace: Workspace, tmp_path: Path) -> Job:
    folder = samples.picture(tmp_path / "walls" / "red.png", "red").parent
    samples.picture(folder / "sea.jpg", "blue")
    samples.picture(folder / "dot.png", "red", (1, 1))
    return Job(workspace, folder, captioner="pocket")


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other tests run with the hub's library told that there is no network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def mine(**more: Any) -> HubSentence:
    facts = {"licence": "MIT", "kind": BLIP, "download_bytes": 1, "memory_bytes": 1, "order": 1}
    return HubSentence("mine", "Mine", "For tests.", hub_id="some/blip", **facts, **more)


def context(job: Job) -> Context:
    return Context(job.workspace, job.run, job._tell)


def test_a_saved_blip_says_what_it_learnt_of_each_picture(folder: Path) -> None:
    captioner = OpenedSentence(folder, CPU, BLIP, unwanted=frozenset({"arafed"}))
    assert captioner.side == tiny_blip.SIDE
    shapes = [RED, BLUE, Image.new("RGB", (1, 1), "blue"), Image.new("RGB", (2000, 3), "red")]
    assert captioner.caption(shapes, ANY) == ["a red wall", "a blue wall", "a blue wall", "a red wall"]
    assert captioner.caption([BLUE], ANY) == ["a blue wall"]


def test_the_miniature_names_the_background_of_pictures_it_never_saw() -> None:
    pictures = sorted((ASSETS / "demo").rglob("*.png"))
    images = [open_picture(picture, at_least=128) for picture in pictures]
    captioner = CAPTIONERS.get("pocket").open(CPU, cast(Context, None), ANY)
    said = captioner.caption(images, ANY)
    assert all(re.search(r" in \w+ style on an? \w+ background$", text) for text in said), said
    right = [_background(image) in text.split(" on ")[-1] for image, text in zip(images, said, strict=True)]
    assert sum(right) >= 16, said


def _background(image: Image.Image) -> str:
    """The miniature's word for the colour in the corner."""
    corner = cast(tuple[int, int, int], image.getpixel((2, 2)))
    return min(COLOURS, key=lambda name: math.dist(COLOURS[name], corner))


OTHERS = {
    "GitForCausalLM": tiny_models.save_git,
    "Blip2ForConditionalGeneration": tiny_models.save_blip2,
}


@pytest.mark.parametrize("kind", OTHERS)
def test_every_class_says_the_same_of_a_picture_alone_and_in_a_batch(kind: str, tmp_path: Path) -> None:
    OTHERS[kind](tmp_path)
    captioner = OpenedSentence(tmp_path, CPU, kind)
    assert type(captioner.model).__name__ == kind
    images = tiny_models.walls()
    together = captioner.caption(images, ANY)
    assert together == [captioner.caption([image], ANY)[0] for image in images]
    assert all(set(text.split()) <= set(tiny_models.WORDS) for text in together)


def test_a_whole_job_with_the_built_in_captioner(
    job: Job, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pocket, "FOLDER", folder)
    assert job.work() == "Captioned 3 pictures."
    assert job.captions() == {
        "dot.png": "a arafed red wall",
        "red.png": "a arafed red wall",
        "sea.jpg": "a arafed blue wall",
    }


def test_missing_or_damaged_weights_are_told(
    job: Job, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pocket, "FOLDER", tmp_path / "nothing")
    with pytest.raises(ModelError, match="built-in captioner is missing"):
        job.work()
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for file in folder.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes()[: 500 if file.suffix == ".safetensors" else None])
    monkeypatch.setattr(pocket, "FOLDER", damaged)
    with pytest.raises(ModelError, match="cannot be opened"):
        job.work()


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize("name", [one.name for one in CAPTIONERS if one.download_bytes])
def test_without_a_network_a_captioner_of_the_hub_says_so(
    job: Job, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody answers there
    with pytest.raises(Offline, match=r"cannot be downloaded\. The model hub cannot be reached"):
        CAPTIONERS.get(name).open(CPU, context(job), ANY)
    job.settings = job.settings.model_copy(update={"captioner": name})
    with pytest.raises(Offline):
        job.work()


@pytest.mark.usefixtures("online")
def test_a_captioner_of_the_hub_is_downloaded_once(
    job: Job, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blip = mine(revision="refs/pr/7")
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    with fake_hub.serving({**files, "pytorch_model.bin": b"never opened"}) as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert blip.open(CPU, context(job), ANY).caption([BLUE], ANY) == ["a arafed blue wall"]
    assert any("refs%2Fpr%2F7" in path for path in asked)
    assert not any("pytorch_model.bin" in path for path in asked)
    here, total = job.steps()[-1]
    assert here == total == sum(map(len, files.values()))
    opened = blip.open(CPU, context(job), ANY)  # nobody serves any more
    assert opened.caption([RED], ANY) == ["a arafed red wall"]


@pytest.mark.usefixtures("online")
def test_a_captioner_without_safetensors_is_refused(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    blip = mine()
    with fake_hub.serving({"config.json": b"{}", "pytorch_model.bin": b"x"}) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(ModelError, match=r"no \.safetensors weights"):
            blip.open(CPU, context(job), ANY)


def test_every_captioner_tells_a_person_what_it_is() -> None:
    assert CAPTIONERS.names()[0] == "pocket"
    known = {knob.name for knob in knobs(CaptionSettings)}
    for one in CAPTIONERS:
        assert one.title and one.about.endswith((".", "?")) and one.licence
        assert one.facts.endswith(f"{one.speed.capitalize()}.")
        assert one.reads <= known, one.name
    assert CAPTIONERS.get("wd-vit").facts == (
        "Apache-2.0. 378 MB to download, about 600 MB of memory. Quick."
    )


def test_of_weights_in_parts_and_in_one_file_only_one_kind_is_downloaded() -> None:
    small = ["config.json", "chat_template.jinja", "selected_tags.csv"]
    parts = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = "model.safetensors.index.json"
    there = [*small, *parts, index, "consolidated.safetensors", "model.onnx", "README.md", "onnx/config.json"]
    assert set(needed("some/model", there)) == {*small, *parts, index}
    whole = [*small, "model.safetensors", "model.fp16.safetensors", "pytorch_model.bin"]
    assert set(needed("some/model", whole)) == {*small, "model.safetensors"}
