"""The denoiser: a small text-conditioned UNet on cached latents, v-prediction with zero terminal SNR."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPModel, CLIPTextModel, CLIPTokenizer

from studio.pocket import alignment, clip, muon, stock, text
from studio.pocket.icons import BUILD
from studio.pocket.pairs import Pairs
from studio.pocket.scenes import caption
from studio.pocket.stage import ASSETS, Stage, publish, set_learning_rate

BATCH, PEAK, DROPPED, SNR_LIMIT = 32, 2e-3, 0.1, 5.0
PAIRED = 5  # of a batch: two things are harder
LESSON, LESSON_ENDS = 0.05, 0.35


def build() -> UNet2DConditionModel:
    """Levels of 16, 8 and 4 latents a side; attention on the inner two, as it costs most at 16."""
    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(64, 128, 128),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=clip.WIDTH,
        attention_head_dim=(2, 4, 4),  # diffusers reads this as the number of heads
        norm_num_groups=16,
    )


def scheduler() -> DDIMScheduler:
    """The noise schedule of Stable Diffusion, rescaled so that the last timestep is pure noise."""
    return DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


@torch.no_grad()
def latents() -> None:
    """Encode the stock with the published autoencoder: `build/pocket/latents.npy`, unscaled."""
    vae = AutoencoderKL.from_pretrained(ASSETS / "vae", torch_dtype=torch.float32).eval()
    vae.to(memory_format=torch.channels_last)
    total, found = len(stock.scenes()), []
    for start in range(0, total, 64):
        pictures = stock.floats(list(range(start, min(start + 64, total))))
        with torch.autocast("cpu", torch.bfloat16):
            found.append(vae.encode(pictures).latent_dist.mode().half().numpy())
    np.save(BUILD / "latents.npy", np.concatenate(found))


class Average:
    """An exponential moving average of a module's weights."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = copy.deepcopy(module).requires_grad_(False)

    @torch.no_grad()
    def follow(self, module: torch.nn.Module, step: int) -> None:
        """Move a little towards the module's weights, faster in the first steps."""
        keep = min(0.998, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.module.parameters()), list(module.parameters()), 1 - keep)

    def state_dict(self) -> dict[str, Any]:
        """The averaged weights."""
        return self.module.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up averaged weights again."""
        self.module.load_state_dict(state)


def train(minutes: float) -> None:
    """Train on the cached latents, the text tower along with it; publish the averaged weights of both."""
    torch.manual_seed(0)
    unet = build().to(memory_format=torch.channels_last)
    clip_model = CLIPModel.from_pretrained(ASSETS / "clip", torch_dtype=torch.float32)
    words = text.Layout(clip_model.text_model)
    words.load_state_dict(torch.load(BUILD / "text.pt", weights_only=True)["state"]["learner"])
    both = torch.nn.ModuleDict({"unet": unet, "words": words})
    average, optimizer = Average(both), muon.optimizer(both, PEAK)
    stage = Stage("unet", minutes, {"both": both, "average": average, "optimizer": optimizer})
    sampled, lessons = Material(stage.step), alignment.begin(unet)
    for step in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK, 300))
        clean, ids = sampled.batch()
        with torch.autocast("cpu", torch.bfloat16):
            states, pooled, layout = words(ids)
        loss = weighted_loss(unet, clean, states.float())
        unlaid = (layout.float() - text.patches(clean)).square().mean()
        missed = torch.stack([lesson.missed for lesson in lessons]).mean() if lessons else torch.zeros(())
        optimizer.zero_grad()
        (loss + unlaid + LESSON * missed + text.strayed(pooled.float(), sampled.before, ids)).backward()
        torch.nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimizer.step()
        average.follow(both, step)
        stage.note(loss.item(), layout=unlaid.item(), missed=missed.item())
        if lessons and stage.done > LESSON_ENDS:
            alignment.end(unet)
            lessons = []
    both.load_state_dict(average.state_dict())
    publish(unet, ASSETS / "unet")
    clip.finish(clip_model)


class Material:
    """Batches of scaled latents and freshly worded captions, and the text tower as CLIP left it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.before = CLIPTextModel.from_pretrained(ASSETS / "text_encoder", torch_dtype=torch.float32).eval()
        self.tokenizer = CLIPTokenizer.from_pretrained(ASSETS / "tokenizer")
        self.latents = text.scaled_latents()
        self.pairs = Pairs(self.latents)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Latents (batch, 4, 16, 16) and token ids (batch, 77), a tenth of them of no caption."""
        numbers = self.rng.sample(range(len(self.latents)), BATCH - PAIRED)
        scenes, latents = zip(*(self.pairs.draw(self.rng) for _ in range(PAIRED)), strict=True)
        words = [caption(scene, self.rng) for scene in (*(stock.scenes()[each] for each in numbers), *scenes)]
        words = ["" if self.rng.random() < DROPPED else said for said in words]
        return torch.cat((self.latents[numbers], torch.stack(latents))), clip.token_ids(self.tokenizer, words)


NOISE = scheduler()
ALPHAS = NOISE.alphas_cumprod


def weighted_loss(unet: UNet2DConditionModel, clean: Tensor, states: Tensor, **told: Any) -> Tensor:
    """The v-prediction loss, min-SNR weighted; `told` goes on to the UNet.

    The weight is min(SNR + 1, limit) / (SNR + 1): min-SNR (Hang et al. 2023) with one added,
    so that the last timestep, whose SNR is 0, still counts.
    """
    strata = (torch.arange(len(clean)) + torch.rand(len(clean))) / len(clean)
    timesteps = (strata * 1000).long().clamp(max=999)
    noise = torch.randn_like(clean)
    with torch.autocast("cpu", torch.bfloat16):
        guess = unet(NOISE.add_noise(clean, noise, timesteps), timesteps, states, **told).sample.float()
    gap = (guess - NOISE.get_velocity(clean, noise, timesteps)).square().mean((1, 2, 3))
    ratio = 1 / (1 - ALPHAS[timesteps])  # SNR + 1
    weighted: Tensor = gap * ratio.clamp(max=SNR_LIMIT) / ratio
    return weighted.mean()


def assemble() -> None:
    """Write the pipeline's own files, and any part that no stage has published yet, untrained."""
    from studio.pocket import captioner, vae

    torch.manual_seed(0)
    for name, make in {"vae": vae.build, "unet": build}.items():
        if not (ASSETS / name).exists():
            publish(make(), ASSETS / name)
    if not (ASSETS / "clip").exists():
        clip.finish(clip.build())
    if not (ASSETS / "captioner").exists():
        captioner.finish(captioner.build())
    scheduler().save_pretrained(ASSETS / "scheduler")
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderKL.from_pretrained(ASSETS / "vae"),
        text_encoder=CLIPTextModel.from_pretrained(ASSETS / "text_encoder"),
        tokenizer=CLIPTokenizer.from_pretrained(ASSETS / "tokenizer"),
        unet=UNet2DConditionModel.from_pretrained(ASSETS / "unet"),
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_config(ASSETS)
