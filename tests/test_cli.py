"""What a person notices at the command line: plain sentences, and exit codes that tell the truth."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from studio.caption.settings import CaptionSettings
from studio.cli import main
from studio.flags import command
from studio.generate.settings import GenerateSettings
from studio.settings import Settings, knobs
from studio.train.settings import TrainSettings
from tests.tiny import write_tiny_pipeline


class Studio:
    """The command line, in this process: what it said, and its exit code."""

    def __init__(self, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.workspace, self._capsys = workspace, capsys

    def __call__(self, *words: str) -> tuple[int, str]:
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as left:
            patch.setattr(sys, "argv", ["studio", *words])
            patch.setenv("STUDIO_WORKSPACE", str(self.workspace))
            main()
        said = self._capsys.readouterr()
        return int(left.value.code or 0), " ".join((said.out + said.err).split())


@pytest.fixture
def studio(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Studio:
    return Studio(tmp_path, capsys)


@pytest.fixture
def base(tmp_path: Path) -> str:
    return str(write_tiny_pipeline(tmp_path / "tiny"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, colour in enumerate(("red", "green", "blue")):
        Image.new("RGB", (64, 64), colour).save(folder / f"{number}.png")
    return folder


def test_a_lora_is_trained_and_used_from_the_command_line(
    tmp_path: Path, studio: Studio, base: str, pictures: Path
) -> None:
    dataset = ("--dataset", str(pictures), "--base", base)
    code, said = studio("train", *dataset, "--steps", "2", "--name", "red square")
    assert code == 0, said
    assert (tmp_path / "loras" / "red square.safetensors").exists()
    painting = ("generate", "a square", "--base", base, "--steps", "2", "--lora", "red square:0.8")
    code, said = studio(*painting)
    assert code == 0, said
    assert len(list((tmp_path / "outputs").rglob("*.png"))) == 1


def test_a_text_named_png_is_named_and_the_rest_goes_on(studio: Studio, base: str, pictures: Path) -> None:
    (pictures / "letter.png").write_text("dear reader")
    code, said = studio("train", "--dataset", str(pictures), "--base", base, "--steps", "1")
    assert code == 0, said
    assert "letter.png" in said


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("train", "--dataset", "nowhere"), 1, "nowhere"),
        (("train", "--dataset", "empty"), 1, "empty"),
        (("train", "--steps", "0", "--dataset", "nowhere"), 2, "Steps: must be at least 1."),
        (("train", "--preset", "magic", "--dataset", "nowhere"), 2, "no preset called “magic”"),
        (("generate", "a fox", "--lora", "fox:loud"), 2, "“loud” is not a number"),
        (("generate", "a fox", "--lora", "fox:0.8"), 1, "fox"),
        (("generate", "a fox", "--base", "nothing"), 1, "nothing"),
        (("caption", "nowhere"), 1, "nowhere"),
        (("ui", "--listen"), 2, "--auth"),
        (("resume", "nothing"), 1, "nothing"),
        (("adapter", "inspect", "broken.safetensors"), 1, "broken.safetensors"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_a_failing_exit_code(
    tmp_path: Path, studio: Studio, words: tuple[str, ...], code: int, told: str
) -> None:
    (tmp_path / "datasets" / "empty").mkdir(parents=True)
    (tmp_path / "broken.safetensors").write_bytes(b"this is no adapter")
    left, said = studio(*(str(tmp_path / word) if word.startswith("broken") else word for word in words))
    assert left == code, said
    assert told in said and "Traceback" not in said


@pytest.mark.parametrize("settings", [CaptionSettings, TrainSettings, GenerateSettings])
def test_every_setting_has_its_flag(settings: type[Settings]) -> None:
    def run(given: dict[str, object]) -> None:
        """Nothing."""

    made = command(settings, run, leave_out=frozenset({"adapters"})).__annotations__
    assert {knob.name for knob in knobs(settings)} - {"adapters"} == set(made)
