"""Chat models and Florence-2: what they are asked, and that a batch changes no answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from studio.caption.captioners import _chat
from studio.caption.captioners._chat import NARROWEST, OpenedChat, fitted, spoken
from studio.caption.captioners._florence import OpenedFlorence
from studio.caption.settings import CAPTIONERS, CaptionSettings
from studio.errors import ModelError, SettingsError
from studio.jobs.context import Context
from studio.workspace import Workspace
from tests.caption import tiny_models
from tests.caption.fakes import Job
from tests.data import samples

CPU = torch.device("cpu")
MODELS: dict[str, Callable[[Path], None]] = {
    "LlavaForConditionalGeneration": tiny_models.save_llava,
    "Qwen3VLForConditionalGeneration": tiny_models.save_qwen,
    "Idefics3ForConditionalGeneration": tiny_models.save_smolvlm,
    "Gemma3ForConditionalGeneration": tiny_models.save_gemma,
}


def settings(**values: Any) -> CaptionSettings:
    return CaptionSettings.parse({"dataset": "any", "longest": 8, **values})


@pytest.fixture
def llava(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny llava"
    tiny_models.save_llava(folder)
    return folder


def asked_of(captioner: Any, monkeypatch: pytest.MonkeyPatch, **values: Any) -> list[str]:
    """The words that reach the model for two pictures."""
    seen: list[torch.Tensor] = []
    real = captioner.model.generate
    with monkeypatch.context() as patch:
        patch.setattr(captioner.model, "generate", lambda **a: seen.append(a["input_ids"]) or real(**a))
        captioner.caption(tiny_models.walls(), settings(**values))
    words: list[str] = captioner.processor.tokenizer.batch_decode(seen[0], skip_special_tokens=True)
    return [" ".join(text.split()) for text in words]


@pytest.mark.parametrize("kind", MODELS)
def test_every_chat_model_answers_alike_for_a_picture_alone_and_in_a_batch(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    MODELS[kind](tmp_path)
    captioner = OpenedChat(tmp_path, CPU)
    assert type(captioner.model).__name__ == kind
    images = tiny_models.walls()
    together = captioner.caption(images, settings())
    assert together == [captioner.caption([image], settings())[0] for image in images]
    assert len(together) == 2
    asked = asked_of(captioner, monkeypatch, prompt="describe the fox")
    assert asked == ["user describe the fox assistant"] * 2


def test_florence_is_asked_with_the_task_that_goes_with_the_wished_detail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_models.save_florence(tmp_path)
    captioner = OpenedFlorence(tmp_path, CPU)
    images = tiny_models.walls()
    together = captioner.caption(images, settings())
    assert together == [captioner.caption([image], settings())[0] for image in images]
    tasks: list[list[str]] = []
    construct = captioner.processor._construct_prompts
    monkeypatch.setattr(
        captioner.processor, "_construct_prompts", lambda text: tasks.append(text) or construct(text)
    )
    for detail in ("sentence", "detailed", "paragraph"):
        captioner.caption(images[:1], settings(detail=detail))
    assert tasks == [["<CAPTION>"], ["<DETAILED_CAPTION>"], ["<MORE_DETAILED_CAPTION>"]]


@pytest.mark.parametrize("named", ["full path", "name in models/"])
def test_a_chat_model_in_a_folder_of_ones_own_captions_a_dataset(
    named: str, workspace: Workspace, tmp_path: Path, llava: Path
) -> None:
    samples.picture(tmp_path / "walls" / "red.png", "red")
    if named != "full path":
        llava.rename(workspace.models / "mine")
    model = str(llava) if named == "full path" else "mine"
    job = Job(workspace, tmp_path / "walls", captioner="chat", model=model, longest=8)
    assert job.work() == "Captioned 1 picture."
    assert set(job.captions()["red.png"].split()) <= set(tiny_models.WORDS)


@pytest.mark.parametrize("named", ["", "nothing of the kind", "../models", "/nowhere"])
def test_a_chat_model_that_is_not_there_is_told_at_its_field(
    named: str, workspace: Workspace, tmp_path: Path
) -> None:
    samples.picture(tmp_path / "walls" / "red.png", "red")
    with pytest.raises(SettingsError, match="neither a hub id nor the folder") as told:
        Job(workspace, tmp_path / "walls", captioner="chat", model=named).work()
    assert told.value.field == "model"


def test_a_model_without_a_chat_template_or_of_another_kind_is_refused(llava: Path, tmp_path: Path) -> None:
    (llava / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match="no chat template"):
        OpenedChat(llava, CPU)
    (llava / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(ModelError, match="cannot be opened"):
        OpenedChat(llava, CPU)


def test_code_that_comes_with_a_model_is_never_run(llava: Path) -> None:
    """The model says that its class is in a file beside it."""
    (llava / "evil.py").write_text("open('was-run', 'w')")
    (llava / "config.json").write_text(
        '{"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}'
    )
    with pytest.raises(ModelError, match="cannot be opened"):
        OpenedChat(llava, CPU)
    assert not Path("was-run").exists()


@pytest.mark.parametrize("captioner", ["chat", "joycaption"])
def test_four_bits_without_a_card_are_refused_before_the_download(
    captioner: str, workspace: Workspace, tmp_path: Path
) -> None:
    samples.picture(tmp_path / "walls" / "red.png", "red")
    job = Job(workspace, tmp_path / "walls", captioner=captioner, four_bits=True)
    with pytest.raises(SettingsError, match="needs an NVIDIA card") as told:
        CAPTIONERS.get(captioner).open(CPU, Context(workspace, job.run, job._tell), job.settings)
    assert told.value.field == "four_bits"


def test_in_four_bits_the_eyes_keep_their_precision(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_chat, "quantization", lambda device: _chat.nf4(torch.float32))
    captioner = OpenedChat(llava, CPU, four_bits=True)
    kinds = {name: type(part).__name__ for name, part in captioner.model.named_modules()}
    small = {name for name, kind in kinds.items() if kind == "Linear4bit"}
    assert small and all("language_model" in name for name in small)
    assert len(captioner.caption(tiny_models.walls(), settings())) == 2
    captioner.device = torch.device("cuda")
    assert not captioner.rest() and captioner.model is None


def test_pictures_are_fitted_to_what_the_models_take() -> None:
    assert fitted(Image.new("RGB", (4000, 2000))).size == (1280, 640)
    assert fitted(Image.new("RGB", (30, 20))).size == (30, 20)
    strip = fitted(Image.new("RGB", (2000, 3), "red"))
    assert strip.size == (1280, 1280 // NARROWEST)
    assert (strip.getpixel((0, 0)), strip.getpixel((0, 32))) == ((255, 255, 255), (255, 0, 0))
    untouched = Image.new("RGB", (4000, 2000))
    fitted(untouched)
    assert untouched.size == (4000, 2000)


def test_thoughts_before_an_answer_are_no_part_of_the_caption() -> None:
    assert spoken("<think>A fox?\nYes.</think>\n\nA fox. ") == "A fox."
    assert spoken(" A fox. ") == "A fox."


@pytest.mark.parametrize(
    "told",
    [
        "Package `num2words` is required to run SmolVLM processor. Install it with `pip install num2words`.",
        "\nAutoProcessor requires the num2words library but it was not found in your environment.",
        "No module named 'num2words'",
    ],
)
def test_a_library_that_a_model_lacks_is_named_with_the_way_to_get_it(
    told: str, llava: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(folder: Path) -> Any:
        raise ImportError(told)

    monkeypatch.setattr(_chat, "still_processor", lacking)
    with pytest.raises(ModelError, match=r"needs the library num2words.*pip install num2words"):
        OpenedChat(llava, CPU)
