"""Pictures per second and memory of a training, beside a loop in the manner of diffusers' DreamBooth example.

    python -m tests.bench.training [--batch 4]

The baseline does what `train_dreambooth_lora.py` does by default: in every step it opens and resizes the
pictures, encodes them with the VAE and the prompt with the text encoder, and corrects the same LoRA with the
same optimizer (`--use_8bit_adam`) on the same pictures in batches of the same size. For the time both take
their steps by turns in one process with one thread, so that what else the machine does slows both alike; for
the memory each runs in a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from statistics import median
from typing import Any

from studio.workspace import ASSETS, Workspace

PICTURES = ASSETS / "demo" / "subject"
PROMPT, SIDE, RANK, RATE = "a picture of sks fox", 128, 16, 1e-4
WARM, ROUNDS = 1, 9  # rounds that are not counted, and that are
Step = Callable[[], object]
Kind = Callable[[int], AbstractContextManager[Step]]


@contextmanager
def ours(batch: int) -> Iterator[Step]:
    """A step of the studio's own loop; its caching is done before."""
    from studio.jobs.context import Context
    from studio.jobs.run import new_run
    from studio.train.engine import _begin
    from studio.train.settings import TrainSettings

    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open(folder)
        values = {
            "dataset": str(PICTURES), "class_word": "fox", "keep_class": "off", "steps": 10_000, "rank": RANK,
            "batch_size": batch, "learning_rate": RATE, "min_snr_gamma": 0, "gradient_checkpointing": False,
            "flip": False, "seed": 1,
        }  # fmt: skip
        settings = TrainSettings.parse(values)
        context = Context(workspace, new_run(workspace, "train", settings), lambda event: None)
        yield _begin(context, settings).loop.step


@contextmanager
def baseline(batch: int) -> Iterator[Step]:
    """A step of diffusers' example: the script's own calls in its order, nothing kept from step to step."""
    import torch
    from accelerate import Accelerator
    from bitsandbytes.optim import AdamW8bit
    from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
    from diffusers.optimization import get_scheduler
    from peft import LoraConfig
    from transformers import AutoTokenizer, CLIPTextModel

    pocket = ASSETS / "pocket"
    accelerator = Accelerator(cpu=True)
    tokenizer = AutoTokenizer.from_pretrained(pocket / "tokenizer", use_fast=False)
    scheduler = DDPMScheduler.from_pretrained(pocket / "scheduler")
    text = CLIPTextModel.from_pretrained(pocket / "text_encoder").float().requires_grad_(False)
    vae = AutoencoderKL.from_pretrained(pocket / "vae").float().requires_grad_(False)
    unet = UNet2DConditionModel.from_pretrained(pocket / "unet").float().requires_grad_(False)
    targets = ["to_k", "to_q", "to_v", "to_out.0"]
    unet.add_adapter(
        LoraConfig(r=RANK, lora_alpha=RANK, init_lora_weights="gaussian", target_modules=targets)
    )
    weights = [weight for weight in unet.parameters() if weight.requires_grad]
    optimizer = AdamW8bit(weights, lr=RATE, betas=(0.9, 0.999), weight_decay=1e-2, eps=1e-8)
    examples: Any = Examples(tokenizer)
    loader: Any = torch.utils.data.DataLoader(examples, batch_size=batch, shuffle=True)
    rates = get_scheduler("constant", optimizer=optimizer)
    unet, optimizer, loader, rates = accelerator.prepare(unet, optimizer, loader, rates)
    unet.train()
    batches = _forever(loader)

    def step() -> None:
        found = next(batches)
        with accelerator.accumulate(unet):
            latents = vae.encode(found["pixel_values"]).latent_dist.sample() * vae.config.scaling_factor
            noise = torch.randn_like(latents)
            timesteps = torch.randint(0, scheduler.config.num_train_timesteps, (len(latents),)).long()
            noisy = scheduler.add_noise(latents, noise, timesteps)
            told = text(found["input_ids"], attention_mask=None, return_dict=False)[0]
            said = unet(noisy, timesteps, told).sample
            target = scheduler.get_velocity(latents, noise, timesteps)
            loss = torch.nn.functional.mse_loss(said.float(), target.float(), reduction="mean")
            accelerator.backward(loss)
            if accelerator.sync_gradients:
                accelerator.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            rates.step()
            optimizer.zero_grad()
        loss.detach().item()

    yield step


class Examples:
    """As the example's dataset: each picture is opened, turned, resized and cropped, its prompt tokenised."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer, self.files = tokenizer, sorted(PICTURES.glob("*.png"))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> dict[str, Any]:
        import numpy as np
        import torch
        from PIL import Image, ImageOps

        image = ImageOps.exif_transpose(Image.open(self.files[number])).convert("RGB")
        image = ImageOps.fit(image, (SIDE, SIDE), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float() / 255
        ids = self.tokenizer(
            PROMPT, truncation=True, padding="max_length",
            max_length=self.tokenizer.model_max_length, return_tensors="pt",
        ).input_ids  # fmt: skip
        return {"pixel_values": (pixels - 0.5) / 0.5, "input_ids": ids[0]}


def _forever(loader: Any) -> Iterator[Any]:
    while True:
        yield from loader


def peak(kind: Kind, steps: int, batch: int) -> float:
    """MiB that this process held at most while it trained."""
    with kind(batch) as step:
        for _ in range(steps):
            step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def faster(steps: int, batch: int) -> list[float]:
    """How many times the pictures per second ours reaches, round by round."""
    found = []
    with ours(batch) as own, baseline(batch) as other:
        for number in range(WARM + ROUNDS):
            seconds = dict.fromkeys((own, other), 0.0)
            for _ in range(steps):
                for each in seconds:
                    began = time.process_time()
                    each()
                    seconds[each] += time.process_time() - began
            if number >= WARM:
                found.append(seconds[other] / seconds[own])
                rates = [batch * steps / seconds[each] for each in (own, other)]
                print(f"ours {rates[0]:.1f}, the example {rates[1]:.1f} pictures a second: {found[-1]:.2f}")
    return found


def main() -> None:
    """Measure both and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=8, help="of a round")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--only", choices=tuple(KINDS))
    asked = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    if asked.only:
        print(peak(KINDS[asked.only], asked.steps, asked.batch))
        return
    memory = {}
    for name in KINDS:
        command = [sys.executable, "-m", "tests.bench.training", "--only", name]
        sizes = ["--steps", str(asked.steps), "--batch", str(asked.batch)]
        told = subprocess.run([*command, *sizes], check=True, stdout=subprocess.PIPE, text=True).stdout
        memory[name] = float(told.splitlines()[-1])
        print(f"{name}: {memory[name]:.0f} MiB at most")
    ratios = faster(asked.steps, asked.batch)
    less = memory["ours"] / memory["baseline"]
    print(f"{median(ratios):.2f} times the pictures per second (median) in {less:.2f} times the memory")


KINDS: dict[str, Kind] = {"ours": ours, "baseline": baseline}

if __name__ == "__main__":
    main()
