"""Two captioners in one job, and the memory they give back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from studio.caption.batches import joined
from studio.caption.captioners._base import OpenedModel
from studio.caption.engine import CaptionEngine
from studio.caption.settings import CaptionSettings
from studio.data.captions import history
from studio.errors import Cancelled, OutOfMemory, SettingsError
from studio.registry import _load
from studio.settings import unread
from studio.workspace import Workspace
from tests.caption.fakes import Fake, Job
from tests.data import samples


@pytest.fixture
def two() -> Iterator[tuple[Fake, Fake]]:
    tags = Fake(lambda images: ["fox, snow"] * len(images), name="tags")
    sentence = Fake(lambda images: [f"A fox of {image.width}." for image in images], name="sentence")
    yield tags, sentence
    for name in ("tags", "sentence"):
        del _load("studio.caption.captioners")[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for width in (10, 20, 30):
        samples.picture(tmp_path / "mine" / f"{width}.png", size=(width, 9))
    return tmp_path / "mine"


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (("fox, snow", "a fox in the snow"), "fox, snow, a fox in the snow"),
        (("A fox sits.", "fox, snow"), "A fox sits. fox, snow"),
        (("fox,\n snow", "", "\tred"), "fox, snow, red"),
        (("", "fox"), "fox"),
        (("", " "), ""),
    ],
)
def test_words_are_joined_as_a_person_would_join_them(texts: tuple[str, ...], line: str) -> None:
    assert joined(texts) == line


@pytest.mark.usefixtures("two")
def test_both_orders_give_one_caption_of_both(workspace: Workspace, folder: Path) -> None:
    job = Job(workspace, folder, captioner="tags", second="sentence", prefix="zwx,")
    assert job.work() == "Captioned 3 pictures."
    assert job.captions()["20.png"] == "zwx, fox, snow, A fox of 20."
    other = Job(workspace, folder, captioner="sentence", second="tags", existing="replace")
    other.work()
    assert other.captions()["20.png"] == "A fox of 20. fox, snow"
    assert [one.by for one in history(folder / "20.png")] == ["tags + sentence", "sentence + tags"]


@pytest.mark.usefixtures("two")
def test_the_same_captioner_twice_is_refused() -> None:
    with pytest.raises(SettingsError, match="And then: must be another one than the first") as told:
        CaptionSettings.parse({"dataset": "any", "captioner": "tags", "second": "tags"})
    assert told.value.field == "second"


def test_a_form_can_hide_what_no_chosen_captioner_reads() -> None:
    hidden = unread(CaptionSettings, {"captioner": "pocket"})
    assert {"prompt", "model", "detail", "general_threshold", "four_bits"} <= hidden
    assert not {"dataset", "captioner", "second", "existing", "prefix", "batch_size"} & hidden
    shown = hidden - unread(CaptionSettings, {"captioner": "florence-base", "second": "wd-vit"})
    assert {"detail", "longest", "general_threshold", "rating"} <= shown
    assert not {"prompt", "model"} & shown


def test_the_card_is_free_after_every_job_whatever_its_end(
    workspace: Workspace, folder: Path, two: tuple[Fake, Fake]
) -> None:
    tags, sentence = two
    engine = CaptionEngine()
    Job(workspace, folder, captioner="tags", second="sentence").work(engine)
    assert (tags.life, sentence.life) == (["wake", "rest"], ["wake", "rest"])
    job = Job(workspace, folder, captioner="tags", existing="replace")
    (job.run.folder(workspace) / "stop").touch()
    with pytest.raises(Cancelled):
        job.work(engine)
    assert (tags.opened, tags.life[2:], sentence.life[2:]) == (1, ["wake", "rest"], [])

    def too_much(images: list[object]) -> list[str]:
        raise MemoryError

    sentence.say = too_much
    with pytest.raises(OutOfMemory):
        Job(workspace, folder, captioner="sentence", existing="replace").work(engine)
    assert (sentence.opened, sentence.life[2:]) == (2, ["wake", "rest"])


def test_a_model_too_large_to_wait_beside_the_card_is_opened_anew(
    workspace: Workspace, folder: Path, two: tuple[Fake, Fake]
) -> None:
    two[0].keeps = False
    engine = CaptionEngine()
    for _ in range(2):
        Job(workspace, folder, captioner="tags", existing="replace").work(engine)
    assert two[0].opened == 2


class Recorder(torch.nn.Linear):
    """A model that says where it is sent."""

    def __init__(self) -> None:
        super().__init__(8, 8)
        self.sent: list[str] = []

    def to(self, where: object) -> Recorder:  # type: ignore[override]
        self.sent.append(str(where))
        return self


class OnCard(OpenedModel):
    """A captioner of which one can only say where its model is."""

    def __init__(self, device: str) -> None:
        self.model, self.device = Recorder(), torch.device(device)

    def caption(self, images: list[object], settings: CaptionSettings) -> list[str]:
        return ["fox"] * len(images)


def test_a_model_leaves_the_card_to_rest_and_comes_back_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model = OnCard("cuda")
    assert model.rest()
    model.wake()
    assert model.model.sent == ["cpu", "cuda"]
    monkeypatch.setattr("studio.caption.captioners._base.SHARE", 1e-12)
    assert not model.rest() and model.model is None
    assert OnCard("cpu").rest()
