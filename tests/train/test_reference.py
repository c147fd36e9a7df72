"""A step of our loop has the loss of diffusers' training scripts, written out here, on the same noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from torch.nn.functional import mse_loss
from transformers import CLIPTextModel, CLIPTokenizer

from studio.data.pictures import open_picture
from studio.jobs.context import Context
from studio.train import objective
from studio.train.cache import pixels
from studio.train.engine import _begin
from tests.train.studio_in_small import Small, make_small

SEED, NUMBER = 7, 0


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


def predicting(small: Small, prediction: str) -> Path:
    """The tiny base, made to predict this."""
    folder = small.workspace.models / "tiny"
    file = folder / "scheduler" / "scheduler_config.json"
    config = {**json.loads(file.read_text()), "prediction_type": prediction, "rescale_betas_zero_snr": False}
    file.write_text(json.dumps(config))
    return folder


def reference(base: Path, pictures: list[Path], gamma: float) -> float:
    """`train_dreambooth_lora.py` with the real classes; weights by `train_text_to_image.py --snr_gamma`."""
    vae = AutoencoderKL.from_pretrained(base / "vae")
    unet = UNet2DConditionModel.from_pretrained(base / "unet")
    text = CLIPTextModel.from_pretrained(base / "text_encoder")
    tokenizer = CLIPTokenizer.from_pretrained(base / "tokenizer")
    scheduler = DDPMScheduler.from_pretrained(base / "scheduler")
    images = torch.stack([pixels(open_picture(path), mirrored=False) for path in pictures])
    latents = vae.encode(images).latent_dist.mode() * vae.config.scaling_factor
    noise = objective.draw_noise(latents, SEED, NUMBER)
    timesteps = objective.draw_timesteps(len(latents), scheduler.config.num_train_timesteps, SEED, NUMBER)
    noisy = scheduler.add_noise(latents, noise, timesteps)
    ids = tokenizer(
        ["a picture of sks dot"] * len(latents), padding="max_length", truncation=True,
        max_length=tokenizer.model_max_length, return_tensors="pt",
    ).input_ids  # fmt: skip
    said = unet(noisy, timesteps, text(ids)[0], return_dict=False)[0]
    if scheduler.config.prediction_type == "epsilon":
        target = noise
    else:
        target = scheduler.get_velocity(latents, noise, timesteps)
    if not gamma:
        return float(mse_loss(said.float(), target.float(), reduction="mean"))
    snr = scheduler.alphas_cumprod[timesteps] / (1 - scheduler.alphas_cumprod[timesteps])
    weights = torch.stack([snr, gamma * torch.ones_like(timesteps)], dim=1).min(dim=1)[0]
    weights = weights / (snr if scheduler.config.prediction_type == "epsilon" else snr + 1)
    each = mse_loss(said.float(), target.float(), reduction="none")
    return float((each.mean(dim=(1, 2, 3)) * weights).mean())


@pytest.mark.parametrize("gamma", [0.0, 5.0])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_a_step_has_the_loss_of_diffusers_script(small: Small, prediction: str, gamma: float) -> None:
    base = predicting(small, prediction)
    values = {"batch_size": 4, "flip": False, "min_snr_gamma": gamma, "seed": SEED}
    run = small.run(**values)
    loop = _begin(Context(small.workspace, run, small.events.append), small.settings(**values)).loop
    order = [draw.index for draw in loop.feeds[0].batches.draw(NUMBER)]
    pictures = [loop.material.shelf.examples[index].picture.path for index in order]
    with torch.no_grad():
        wanted = reference(base, pictures, gamma)
    assert loop.step()["loss"] == pytest.approx(wanted, rel=1e-5)
