"""The loop: what one step does, and all that must be kept to do the next one exactly."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from studio.errors import TrainingError
from studio.train import objective
from studio.train.batches import Batches
from studio.train.checkpoints import State
from studio.train.optimizers import OPTIMIZERS
from studio.train.preparing import Material
from studio.train.schedule import learning_rate_factor
from studio.train.settings import TrainSettings

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Conditioning, Model
    from studio.networks._base import Attached


class Loop:
    """Model, network and optimizer; `done` steps are behind it."""

    def __init__(
        self,
        model: Model,
        attached: Attached,
        settings: TrainSettings,
        *,
        material: Material,
        seed: int,
        precision: str,
    ) -> None:
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState
        from torch.optim.lr_scheduler import LambdaLR

        self.model, self.attached, self.settings = model, attached, settings
        self.material, self.seed = material, seed
        self.batches = Batches(
            [example.bucket for example in material.plan.examples],
            settings.batch_size,
            seed,
            flip=settings.flip,
            caption_dropout=settings.caption_dropout,
        )
        AcceleratorState._reset_state(reset_partial_state=True)  # that of an earlier training here
        self.accelerator = Accelerator(
            cpu=model.device.type == "cpu",
            mixed_precision={"fp32": "no"}.get(precision, precision),
            gradient_accumulation_steps=settings.accumulation,
        )
        weights = list(attached.weights.values())
        self.optimizer = self.accelerator.prepare(OPTIMIZERS.get(settings.optimizer).build(weights, settings))
        self.rates = LambdaLR(
            self.optimizer.optimizer,
            lambda done: learning_rate_factor(done, settings.steps, settings.warmup),
        )
        self.noise_schedule = model.schedule()
        self.done = 0

    def step(self) -> dict[str, float]:
        """Correct the network once; returns the loss and the learning rate it was corrected with.

        Raises `TrainingError` before anything is spoilt when the loss or a gradient is no number.
        """
        rate = self.rates.get_last_lr()[0]
        losses = []
        for micro in range(self.settings.accumulation):
            with self.accelerator.accumulate(self.model.denoiser):
                losses.append(self._accumulate(self.done * self.settings.accumulation + micro))
        self.rates.step()
        self.done += 1
        return {"loss": sum(losses) / len(losses), "lr": float(rate)}

    def _accumulate(self, number: int) -> float:
        latents, told = self._batch(number)
        steps = self.noise_schedule.config.num_train_timesteps
        with self.accelerator.autocast():
            loss = objective.loss(
                self.model,
                self.noise_schedule,
                latents,
                told,
                noise=objective.draw_noise(latents, self.seed, number),
                timesteps=objective.draw_timesteps(len(latents), steps, self.seed, number).to(latents.device),
                gamma=self.settings.min_snr_gamma,
            )
        value = loss.item()
        if not isfinite(value):
            raise self._astray("The loss is no longer a number")
        self.accelerator.backward(loss)
        if self.accelerator.sync_gradients and self.settings.max_grad_norm:
            self._clip()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return value

    def _batch(self, number: int) -> tuple[Tensor, Conditioning]:
        """Latents in float32 and conditioning, on the model's device."""
        import torch

        drawn = self.batches.draw(number)
        latents = torch.stack([self.material.latents[draw.index, draw.mirrored] for draw in drawn])
        captions = [self.material.plan.examples[draw.index].caption for draw in drawn]
        told = [
            self.material.prompts[caption if draw.captioned else ""]
            for draw, caption in zip(drawn, captions, strict=True)
        ]
        rows = {name: torch.cat([each[name] for each in told]) for name in told[0]}
        device, dtype = self.model.device, self.model.dtype
        return latents.to(device).float(), {name: row.to(device, dtype) for name, row in rows.items()}

    def _clip(self) -> None:
        norm = self.accelerator.clip_grad_norm_(self.attached.weights.values(), self.settings.max_grad_norm)
        if norm is not None and not isfinite(float(norm)) and self.accelerator.scaler is None:
            raise self._astray("A gradient is no longer a number")

    def _astray(self, why: str) -> TrainingError:
        return TrainingError(
            f"The training went astray at step {self.done + 1}",
            why=f"{why}, most often because the learning rate ({self.settings.learning_rate:g}) is too high",
            remedy="Train again with a tenth of it; the checkpoints from before are kept.",
        )

    def state(self) -> State:
        """Everything that the next step depends on; raises `TrainingError` if a weight is no number."""
        import torch

        network = self.attached.state()
        if not all(bool(weight.isfinite().all()) for weight in network.values()):
            raise self._astray("A weight is no longer a number")
        scaler = self.accelerator.scaler
        return {
            "step": self.done,
            "network": network,
            "optimizer": self.optimizer.optimizer.state_dict(),
            "rates": {"last_epoch": self.rates.last_epoch},
            "scaler": scaler.state_dict() if scaler is not None else None,
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def load(self, state: State) -> None:
        """Go on from there."""
        import torch

        self.done = state["step"]
        self.attached.load(state["network"])
        self.optimizer.optimizer.load_state_dict(state["optimizer"])
        self.rates.last_epoch = state["rates"]["last_epoch"]
        self.rates._last_lr = [group["lr"] for group in self.optimizer.optimizer.param_groups]
        if self.accelerator.scaler is not None and state["scaler"] is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["random"])
        cuda: list[Any] = state["random_cuda"]
        if len(cuda) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(cuda)
