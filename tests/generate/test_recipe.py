from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from studio.errors import PictureError
from studio.generate.pictures import save_picture
from studio.generate.recipe import Recipe, UsedAdapter, parameters_text, read_recipe
from studio.generate.settings import GenerateSettings, Mix
from tests.generate.test_parameters import WEBUI

SETTINGS = GenerateSettings(
    prompt="a red fox",
    negative="blurred",
    adapters=(Mix(name="styles/ink", weight=0.8), Mix(name="fox", weight=-0.5, text=0.25)),
    width=512,
    height=768,
    seed=9,
    steps=28,
    guidance=6.5,
    sampler="dpmpp_2m_karras",
)
RECIPE = Recipe(
    SETTINGS.model_dump(mode="json"),
    model="Miniature",
    model_hash="31e35c80fc" + "0" * 54,
    scheduler="DPMSolverMultistepScheduler",
    adapters=(
        UsedAdapter("styles/ink", 0.8, None, "0123456789ab" + "0" * 52),
        UsedAdapter("fox", -0.5, 0.25, "ba9876543210" + "0" * 52),
    ),
    versions={"studio": "0.1.0", "torch": "2.13.0"},
)


def picture(path: Path, **texts: str) -> Path:
    save_picture(Image.new("RGB", (8, 8)), path, texts)
    return path


def test_a_picture_carries_the_whole_recipe(tmp_path: Path) -> None:
    path = picture(tmp_path / "one.png", **RECIPE.texts())
    read = read_recipe(path)
    assert read == RECIPE
    assert GenerateSettings.parse(read.values) == SETTINGS


def test_the_parameters_are_what_other_programs_expect() -> None:
    assert parameters_text(RECIPE) == (
        "a red fox <lora:ink:0.8> <lora:fox:0.25:-0.5>\n"
        "Negative prompt: blurred\n"
        "Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 9, Size: 512x768, "
        "Model hash: 31e35c80fc, Model: Miniature, "
        'Lora hashes: "ink: 0123456789ab, fox: ba9876543210", Version: LoRA Studio 0.1.0'
    )


def test_parameters_alone_bring_back_what_they_hold(tmp_path: Path) -> None:
    read = read_recipe(picture(tmp_path / "one.png", parameters=parameters_text(RECIPE)))
    stems = tuple(mix.model_copy(update={"name": mix.name.rpartition("/")[2]}) for mix in SETTINGS.adapters)
    assert GenerateSettings.parse(read.values) == SETTINGS.model_copy(update={"adapters": stems})
    assert [used.hash for used in read.adapters] == ["0123456789ab", "ba9876543210"]
    assert (read.model, read.model_hash, read.notes) == ("Miniature", "31e35c80fc", ())


def test_a_picture_of_a1111_is_understood(tmp_path: Path) -> None:
    read = read_recipe(picture(tmp_path / "webui.png", parameters=WEBUI))
    assert read.values["prompt"] == "a red fox, (fur:1.2)\nin the snow"
    assert read.values["adapters"] == [Mix(name="ink", weight=0.8).model_dump()]
    assert (read.values["width"], read.values["height"]) == (1024, 768)
    assert (read.values["sampler"], read.values["schedule"]) == ("dpmpp_2m", "karras")
    assert "base" not in read.values
    assert read.model == "sd_xl_base_1.0"


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_other_picture_formats_carry_it_in_their_exif(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"webui.{ending}"
    image = Image.new("RGB", (8, 8))
    exif = image.getexif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + (WEBUI + " 狐").encode("utf-16-be")
    image.save(path, exif=exif)
    assert read_recipe(path).values["seed"] == 965400086


@pytest.mark.parametrize(
    ("sampler", "schedule", "named"),
    [
        ("DPM++ 2M", "Karras", ("dpmpp_2m", "karras")),
        ("DPM++ 2M Karras", "", ("dpmpp_2m", "karras")),
        ("DPM++ 2M", "Automatic", ("dpmpp_2m", "auto")),
        ("DPM++ 2M", "Uniform", ("dpmpp_2m", "uniform")),
        ("DPM++ 2M", "", ("dpmpp_2m", "uniform")),
        ("DPM++ 2M SDE Exponential", "", ("dpmpp_2m_sde", "exponential")),
        ("DPM2 a", "SGM Uniform", ("dpm2_a", "sgm_uniform")),
        ("Euler a", "Automatic", ("euler_a", "auto")),
        ("UniPC", "Uniform", ("unipc", "uniform")),
        ("PLMS", "Automatic", ("plms", "auto")),
    ],
)
def test_samplers_are_known_by_their_a1111_names(
    tmp_path: Path, sampler: str, schedule: str, named: tuple[str, str]
) -> None:
    last = (
        f"Steps: 4, Sampler: {sampler}, " + (f"Schedule type: {schedule}, " if schedule else "") + "Seed: 1"
    )
    values = read_recipe(picture(tmp_path / "one.png", parameters=f"x\n{last}")).values
    assert (values["sampler"], values["schedule"]) == named


def test_the_first_versions_name_of_a_sampler_is_still_understood(tmp_path: Path) -> None:
    whole = json.loads(RECIPE.to_json())
    whole["values"] = {**whole["values"], "sampler": "dpmpp_2m_karras"}
    del whole["values"]["schedule"]
    values = read_recipe(picture(tmp_path / "one.png", studio=json.dumps(whole))).values
    assert (values["sampler"], values["schedule"]) == ("dpmpp_2m", "karras")


def test_what_cannot_be_taken_over_is_named(tmp_path: Path) -> None:
    text = "x <lora:ink:7>\nSteps: 9000, Sampler: Restart, CFG scale: 5, Seed: 1, Size: 64x64"
    read = read_recipe(picture(tmp_path / "one.png", parameters=text))
    assert read.values["guidance"] == 5
    assert not {"steps", "sampler", "adapters"} & read.values.keys()
    assert read.values["prompt"] == "x <lora:ink:7>"
    said = " ".join(read.notes)
    assert "Restart" in said
    assert "Steps" in said
    assert "Weight" in said


@pytest.mark.parametrize(
    "chunk",
    ["", "{", "[]", "7", "{}", json.dumps({"values": 3}), "[" * 100_000, '{"values": {"steps": "x"}}'],
)
def test_a_damaged_recipe_leaves_the_parameters(tmp_path: Path, chunk: str) -> None:
    path = picture(tmp_path / "one.png", parameters=parameters_text(RECIPE), studio=chunk)
    assert read_recipe(path).values["seed"] == 9


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_picture_gets_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=r"odd\.png cannot be read as a picture"):
        read_recipe(path)


def test_a_picture_without_a_recipe_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"plain\.png does not say how it was made"):
        read_recipe(picture(tmp_path / "plain.png", Comment="hello"))
