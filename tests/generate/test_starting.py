"""Pictures that begin with a picture, grow, vary, and are painted again at twice the size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from studio.errors import ModelError, PictureError, SettingsError, StudioError
from studio.generate.inputs import keep
from studio.generate.opened import WARM
from studio.generate.recipe import read_recipe
from studio.generate.variation import slerp
from studio.workspace import Workspace
from tests.generate.studio_run import Bench
from tests.tiny import SIDE

SIZE = {"width": SIDE, "height": SIDE}


@pytest.fixture
def image(workspace: Workspace) -> str:
    """Red on the left, blue on the right, with some grain."""
    pixels = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    pixels[:, : SIDE // 2, 0] = pixels[:, SIDE // 2 :, 2] = 200
    pixels += np.random.default_rng(0).integers(0, 40, pixels.shape, dtype=np.uint8)
    return str(keep(workspace, Image.fromarray(pixels)))


def distance(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_strength_says_how_far_a_picture_is_painted_over(bench: Bench, image: str) -> None:
    start = np.asarray(Image.open(image))
    (none,) = bench.paint(prompt="a fox", image=image, strength=0)
    few, many = (bench.paint(prompt="a fox", image=image, strength=s)[0] for s in (0.25, 1.0))
    assert np.array_equal(none, start)
    assert none.shape == few.shape == many.shape
    assert not np.array_equal(few, many)


def test_it_is_what_diffusers_paints_from_a_picture(bench: Bench, image: str) -> None:
    from diffusers import StableDiffusionImg2ImgPipeline

    (ours,) = bench.paint(prompt="a fox", image=image, strength=0.5, guidance=3, seed=5)
    model = WARM._opened.model  # type: ignore[union-attr]
    pipe = StableDiffusionImg2ImgPipeline(**model.pipeline().components, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    theirs = pipe(
        "a fox",
        image=Image.open(image),
        strength=0.5,
        num_inference_steps=4,
        guidance_scale=3,
        generator=torch.Generator().manual_seed(5),
    ).images[0]
    assert np.array_equal(ours, np.asarray(theirs))


def test_a_picture_far_larger_than_the_base_paints_is_told(bench: Bench, workspace: Workspace) -> None:
    photograph = str(keep(workspace, Image.new("RGB", (700, 900), "teal")))
    bench.run(prompt="a fox", image=photograph, width=64, height=96, base="pocket", steps=1)
    (note,) = bench.made("note")
    assert "700 × 900, was brought down to 64 × 96" in note.facts["text"]
    assert "choose another base model" in note.facts["text"]


def test_outside_the_mask_nothing_changes(bench: Bench, workspace: Workspace, image: str) -> None:
    drawn = Image.new("RGBA", (SIDE, SIDE))
    drawn.paste((255, 255, 255, 255), (16, 16, 48, 48))
    mask = str(keep(workspace, drawn))
    (painted,) = bench.paint(prompt="a fox", image=image, mask=mask, strength=1.0)
    before = np.asarray(Image.open(image))
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    inside[16:48, 16:48] = True
    assert np.array_equal(painted[~inside], before[~inside])
    assert distance(painted[inside], before[inside]) > 5


def test_outpainting_adds_edges_and_keeps_the_rest(bench: Bench, image: str) -> None:
    (painted,) = bench.paint(prompt="a fox", image=image, outpaint=(0, 0, 32, 16))
    assert painted.shape == (SIDE + 16, SIDE + 32, 3)
    before = np.asarray(Image.open(image))
    assert np.array_equal(painted[: SIDE - 16, : SIDE - 16], before[: SIDE - 16, : SIDE - 16])


def test_the_size_follows_the_picture_unless_it_is_given(bench: Bench, workspace: Workspace) -> None:
    wide = str(keep(workspace, Image.new("RGB", (96, 48), "green")))
    assert bench.paint(prompt="a fox", image=wide)[0].shape == (48, 96, 3)
    assert bench.paint(prompt="a fox", image=wide, width=64)[0].shape == (32, 64, 3)


def test_upscaling_paints_again_at_the_larger_size(bench: Bench) -> None:
    (small,) = bench.paint(prompt="a fox", **SIZE)
    (only_larger,) = bench.paint(prompt="a fox", upscale=2, upscale_strength=0, **SIZE)
    (again,) = bench.paint(prompt="a fox", upscale=2, upscale_strength=0.5, **SIZE)
    assert only_larger.shape == again.shape == (2 * SIDE, 2 * SIDE, 3)
    resized = Image.fromarray(small).resize((2 * SIDE, 2 * SIDE), Image.Resampling.LANCZOS)
    assert np.array_equal(only_larger, np.asarray(resized))
    assert distance(only_larger, again) > 1


def test_a_model_of_the_persons_enlarges(bench: Bench, workspace: Workspace) -> None:
    from safetensors.torch import save_file

    from studio.generate.upscaling import names
    from studio.generate.upscaling._spandrel import _spandrel

    _spandrel()
    from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet

    torch.manual_seed(0)
    weights = RRDBNet(in_nc=3, out_nc=3, num_filters=8, num_blocks=1, scale=2).state_dict()
    folder = workspace.models / "upscalers"
    folder.mkdir()
    save_file(weights, folder / "2x_tiny.safetensors")
    assert names(workspace) == [("Lanczos", "lanczos"), ("2x_tiny", "2x_tiny")]
    filtered, modelled = (
        bench.paint(prompt="a fox", upscale=2, upscale_strength=0, upscaler=each, **SIZE)[0]
        for each in ("lanczos", "2x_tiny")
    )
    assert filtered.shape == modelled.shape and not np.array_equal(filtered, modelled)


def test_variations_lie_between_two_seeds(bench: Bench) -> None:
    (of_one,) = bench.paint(prompt="a fox", seed=1, **SIZE)
    (of_two,) = bench.paint(prompt="a fox", seed=2, **SIZE)
    near, end = (
        bench.paint(prompt="a fox", seed=1, variation=share, variation_seed=2, **SIZE)[0]
        for share in (0.1, 1.0)
    )
    assert np.abs(end.astype(int) - of_two).max() <= 1
    assert 0 < distance(near, of_one) < distance(near, of_two)


def test_several_variations_move_apart_from_one_picture(bench: Bench) -> None:
    one, other = bench.paint(prompt="a fox", seed=1, variation=0.3, variation_seed=5, count=2, **SIZE)
    assert not np.array_equal(one, other)
    seeds = [read_recipe(Path(made.path)).values for made in bench.made()]
    assert [(each["seed"], each["variation_seed"]) for each in seeds] == [(1, 5), (1, 6)]


def test_the_way_between_noises_is_on_the_sphere() -> None:
    one, other = torch.randn(2, 2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(slerp(one, other, 0.0), one)
    assert torch.allclose(slerp(one, other, 1.0), other, atol=1e-6)
    half = slerp(one, other, 0.5).flatten(1).norm(dim=1)
    assert torch.allclose(half, one.flatten(1).norm(dim=1), rtol=0.1)


@pytest.mark.parametrize("sampler", ["auto", "dpmpp_2m_sde"])
def test_pictures_painted_together_are_those_painted_alone(bench: Bench, sampler: str) -> None:
    common: dict[str, Any] = {"prompt": "a {red|blue|green} fox", "seed": 5, "count": 3, "sampler": sampler}
    together = bench.paint(**common, batch_size=3, **SIZE)
    alone = bench.paint(**common, **SIZE)
    for one, other in zip(together, alone, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 2


@pytest.mark.parametrize(("kind", "suffix"), [("webp", ".webp"), ("jpeg", ".jpg")])
def test_every_format_carries_the_whole_recipe(bench: Bench, kind: str, suffix: str) -> None:
    bench.run(prompt='a "fox" 狐, <b>', negative="x: y", format=kind, **SIZE)
    path = Path(bench.made()[0].path)
    assert path.suffix == suffix
    recipe = read_recipe(path)
    assert recipe.values["prompt"] == 'a "fox" 狐, <b>' and recipe.values["seed"] == 1
    assert Image.open(path).size == (SIDE, SIDE)


def test_a_recipe_with_everything_paints_the_same_pixels(bench: Bench, image: str) -> None:
    (first,) = bench.paint(
        prompt="a {red|blue} (fox:1.3) [by night:by day:0.5] " + "and on " * 8,
        negative="[dark]",
        image=image,
        strength=0.7,
        upscale=1.5,
        clip_skip=2,
        sampler="dpmpp_2m_sde",
        schedule="karras",
    )
    recipe = read_recipe(Path(bench.made()[0].path))
    assert recipe.written["prompt"].startswith("a {red|blue}")
    (again,) = bench.paint(**recipe.values)
    assert np.array_equal(first, again)


@pytest.mark.parametrize(
    ("values", "fault", "said"),
    [
        ({"image": "/nowhere/lost.png"}, PictureError, "lost.png is not there any more"),
        ({"mask": "m.png"}, SettingsError, "there is none yet"),
        ({"upscale": 2, "upscaler": "4x"}, ModelError, "no upscaler called “4x”"),
        ({"prompt": "a {red|blue"}, SettingsError, "brace"),
        ({"prompt": "__colour__"}, SettingsError, "no wildcard “colour”"),
        ({"style": "ghost"}, SettingsError, "no style called “ghost”"),
    ],
)
def test_what_cannot_be_gets_a_sentence(
    bench: Bench, values: dict[str, Any], fault: type[StudioError], said: str
) -> None:
    with pytest.raises(fault, match=said):
        bench.run(**{"prompt": "a fox", **SIZE, **values})


def test_a_damaged_upscaler_gets_a_sentence(bench: Bench, workspace: Workspace) -> None:
    folder = workspace.models / "upscalers"
    folder.mkdir()
    (folder / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"bad\.safetensors cannot be read"):
        bench.run(prompt="a fox", upscale=2, upscaler="bad", **SIZE)


def test_what_a_pass_cannot_do_is_told(bench: Bench, image: str) -> None:
    bench.run(prompt="a fox", image=image, rescale=0.5, variation=0.2)
    said = " ".join(made.facts["text"] for made in bench.made("note"))
    assert "cannot be rescaled" in said and "variation" in said
