"""What holds for every family: opened from a folder and from an original file it is the same model."""

from __future__ import annotations

import dataclasses
import shutil
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from studio.errors import ModelError
from studio.families import FAMILIES
from studio.models.identify import identify
from studio.models.layout import read_layout
from studio.models.source import Source
from tests.families.originals import write_checkpoint
from tests.families.small import SMALL, write_small

CPU: dict[str, Any] = {"device": torch.device("cpu"), "dtype": torch.float32}


@pytest.fixture(scope="module", params=list(SMALL))
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of a family and the folder of its small model."""
    return request.param, write_small(request.param, tmp_path_factory.mktemp("small") / request.param)


def source(folder: Path) -> Source:
    return Source("folder", str(folder), folder.name)


def in_one_file(name: str, folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """The small model as an original checkpoint, and its configurations in place of the full-size ones."""
    write_checkpoint(identify(source(folder)).open(source(folder), **CPU).pipeline(), target, name)
    family, file = FAMILIES.get(name), Source("file", str(target), target.stem)
    home: Path = family.configs
    shutil.copytree(home, target.parent / "configs", ignore=shutil.ignore_patterns("borrowed.json"))
    shutil.copytree(folder, target.parent / "configs", dirs_exist_ok=True)
    for place, kind in (("tokenizer_2", "T5"), ("tokenizer", "Qwen")):
        settings = folder / place / "tokenizer_config.json"
        if settings.is_file() and kind in settings.read_text():  # the studio looks for it among other models
            shutil.copytree(settings.parent, target.parent / kind.lower())
    for each in (family, family.variant(file, read_layout(file))):
        monkeypatch.setattr(each, "configs", target.parent / "configs", raising=False)
    return file


def test_it_is_recognised_by_its_own_family_alone(small: tuple[str, Path]) -> None:
    name, folder = small
    layout = read_layout(source(folder))
    assert [family.name for family in FAMILIES if family.recognises(layout)] == [name]


def test_a_single_file_paints_what_its_folder_paints(
    small: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, folder = small
    file = in_one_file(name, folder, tmp_path / "model.safetensors", monkeypatch)
    assert identify(file).name == name
    painted = [
        identify(each).open(each, **CPU).pipeline()(
            prompt="a fox", width=64, height=64, num_inference_steps=2, output_type="np",
            generator=torch.Generator().manual_seed(1),
        ).images
        for each in (file, source(folder))
    ]  # fmt: skip
    assert np.allclose(painted[0], painted[1], atol=1e-4)


def test_weights_in_several_files_are_one_part(tmp_path: Path) -> None:
    folder = write_small("flux", tmp_path / "flux")
    whole: Any = identify(source(folder)).open(source(folder), **CPU).denoiser
    (folder / "transformer" / "diffusion_pytorch_model.safetensors").unlink()
    whole.save_pretrained(folder / "transformer", max_shard_size="200KB")
    assert len(list((folder / "transformer").glob("*-of-*.safetensors"))) > 1
    again = identify(source(folder)).open(source(folder), **CPU).denoiser.state_dict()
    assert all(torch.equal(again[name], weight) for name, weight in whole.state_dict().items())


def test_the_layers_of_a_file_are_those_of_the_folder(
    small: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, folder = small
    file = in_one_file(name, folder, tmp_path / "model.safetensors", monkeypatch)
    ours, theirs = (FAMILIES.get(name).layers(read_layout(each)) for each in (file, source(folder)))
    assert set(ours) == set(theirs)
    for part, layers in theirs.items():
        attention = {
            path.removeprefix("text_model."): shape for path, shape in layers.items() if "att" in path
        }
        assert attention == {p.removeprefix("text_model."): s for p, s in ours[part].items() if "att" in p}


def test_prompts_are_encoded_as_the_pipeline_does(small: tuple[str, Path]) -> None:
    _, folder = small
    model = identify(source(folder)).open(source(folder), **CPU)
    prompts = ["a red fox, sitting", "a dog"]
    with torch.no_grad():
        ours = model.encode_prompts(prompts)
        pipe: Any = model.pipeline()
        plain: dict[str, Any] = {
            "prompt_2": None,
            "prompt_3": None,
            "device": "cpu",
            "do_classifier_free_guidance": False,
        }
        plain["num_images_per_prompt"] = 1
        takes = signature(pipe.encode_prompt).parameters
        theirs = pipe.encode_prompt(
            prompts,
            **{name: value for name, value in plain.items() if name in takes},
        )
    rows = [pad_sequence(one, batch_first=True) for one in theirs if isinstance(one, list) and one]
    told = rows + [one for one in theirs if isinstance(one, torch.Tensor) and one.is_floating_point()]
    assert all(
        any(
            one.ndim == other.ndim and torch.allclose(one, _filled_up(other, one), atol=1e-5)
            for other in told
        )
        for one in ours.values()
    )


def _filled_up(rows: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """With rows of zeros behind, where ours has more."""
    more = like.shape[1] - rows.shape[1] if rows.ndim == 3 else 0
    return torch.nn.functional.pad(rows, (0, 0, 0, more)) if more else rows


def test_half_precision_says_numbers(small: tuple[str, Path]) -> None:
    _, folder = small
    model = identify(source(folder)).open(source(folder), device=torch.device("cpu"), dtype=torch.float16)
    pixels = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        latents = model.encode_pictures(pixels)
        told = {name: each.half() for name, each in model.encode_prompts(["a fox"]).items()}
        said = model.predict(latents.half(), torch.tensor([500]), told)
        back = model.decode_latents(latents)
    assert said.dtype == torch.float16 and said.isfinite().all()
    assert back.shape == pixels.shape and back.isfinite().all()


def test_a_folder_without_a_part_is_told(small: tuple[str, Path], tmp_path: Path) -> None:
    _, folder = small
    copy = shutil.copytree(folder, tmp_path / "copy")
    family = identify(source(copy))
    shutil.rmtree(copy / "vae")
    with pytest.raises(ModelError, match="vae"):
        family.open(source(copy), **CPU)


def test_what_other_programs_read_in_its_files(small: tuple[str, Path]) -> None:
    family = FAMILIES.get(small[0])
    expected = {
        "sd1": ("stable-diffusion-v1", "sd_v1", {"text_encoder": "lora_te"}),
        "sd2": ("stable-diffusion-v2-512", "sd_v2", {"text_encoder": "lora_te"}),
        "flux": ("flux-1-dev", "flux1", {"text_encoder": "lora_te1"}),
        "z-image": ("Z-Image", "z_image", {}),
        "flux2-klein-4b": ("Flux.2-klein-4b", "flux2_klein_4b", {}),
        "sd3": ("stable-diffusion-3", "sd3", {"text_encoder": "lora_te1", "text_encoder_2": "lora_te2"}),
        "sdxl": (
            "stable-diffusion-xl-v1-base",
            "sdxl_base_v1-0",
            {"text_encoder": "lora_te1", "text_encoder_2": "lora_te2"},
        ),
    }
    assert (family.architecture, family.base_version, dict(family.text_prefixes)) == expected[family.name]
    assert dataclasses.is_dataclass(family.defaults)
