"""The loop: what one step does, and all that must be kept to do the next one exactly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING, Any

from studio.errors import TrainingError
from studio.train import objective
from studio.train.astray import astray
from studio.train.averaging import Average
from studio.train.checkpoints import State
from studio.train.crew import Crew
from studio.train.feed import Batch, Feed, feeds
from studio.train.optimizers import OPTIMIZERS
from studio.train.packing import packed
from studio.train.preparing import Material
from studio.train.prompts import Prompts
from studio.train.schedules import rate_factor
from studio.train.settings import TrainSettings

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Model
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
        crew: Crew,
    ) -> None:
        from torch.optim.lr_scheduler import LambdaLR

        self.model, self.attached, self.settings = model, attached, settings
        self.material, self.seed, self.crew = material, seed, crew
        self.accelerator = crew.accelerator
        self.feeds = feeds(material.shelf, material.of_class, settings, seed=seed, device=model.device)
        self.prompts = Prompts(model, material.prompts, live=bool(attached.text_weights))
        self.average = Average(attached.weights, settings.ema)
        self.kind = OPTIMIZERS.get(settings.optimizer)
        groups = self._groups()
        self.packs, groups = packed(groups) if self.kind.one_by_one else ([], groups)
        self.corrected = [weight for group in groups for weight in group["params"]]
        self.optimizer = self.accelerator.prepare(self.kind.build(groups, settings))
        self.rates = LambdaLR(self.optimizer.optimizer, lambda done: rate_factor(done, settings))
        self.noise_schedule = objective.prepared(model.schedule(), settings)
        self.done = 0
        self._train(True)

    def step(self) -> dict[str, float]:
        """Correct the network once; returns the loss and the learning rate it was corrected with.

        Raises `TrainingError` before anything is spoilt when the loss or a gradient is no number.
        """
        self._seed_chance()
        if self.prompts.live and self.done >= self.settings.steps * self.settings.text_part:
            self._settle_prompts()
        rate = self.rates.get_last_lr()[0]
        losses: list[list[float]] = [[] for _ in self.feeds]
        for micro in range(self.settings.accumulation):
            number = self.done * self.settings.accumulation + micro
            with self.accelerator.accumulate(self.model.denoiser):
                for feed, found in zip(self.feeds, losses, strict=True):
                    found.append(self._descend(feed, number * self.crew.count + self.crew.number))
                self._correct()
        self.rates.step()
        self.done += 1
        self.average.update(self.done)
        means = [self.crew.mean(sum(found) / len(found)) for found in losses]
        return {"loss": means[0], "lr": float(rate), **dict(zip(["class_loss"], means[1:], strict=False))}

    def _settle_prompts(self) -> None:
        """The text encoders stay as they will be saved, and the denoiser learns on with what they say."""
        with self.at_rest():
            self.prompts.settle()
        self.average.freeze(self.attached.text_weights)

    def _descend(self, feed: Feed, number: int) -> float:
        """Add the gradient of one batch; returns its loss."""
        batch = feed.batch(number)
        loss = self._loss(batch)
        value = loss.item()
        if not isfinite(self.crew.mean(value)):  # of any process: they stop together
            raise astray(self, "The loss is no longer a number", batch)
        self.accelerator.backward(loss if feed.weight == 1 else loss * feed.weight)
        return value

    def _loss(self, batch: Batch) -> Tensor:
        with self.accelerator.autocast():
            return objective.training_loss(
                self.model,
                self.noise_schedule,
                batch.latents,
                {**self.prompts(batch.captions), **self.model.describe_frames(batch.frames)},
                settings=self.settings,
                seed=self.seed,
                number=batch.number,
                mask=batch.mask,
                weights=batch.weights,
            )

    def observe(self) -> None:
        """Let a network that begins from what it sees look at the pictures, before the first step."""
        import torch

        def look(number: int) -> None:
            with torch.no_grad():
                self._loss(self.feeds[0].batch(number))

        self.attached.observe(look)

    def _correct(self) -> None:
        if self.accelerator.sync_gradients:
            for pack in self.packs:
                pack.gather()
            self.crew.share_gradients(self.corrected)
            if self.settings.max_grad_norm:
                self._clip()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def _groups(self) -> list[dict[str, Any]]:
        """The weights, those of the text encoders with a learning rate of their own."""
        text = self.attached.text_weights
        own = [weight for name, weight in self.attached.weights.items() if name not in text]
        if not text:
            return [{"params": own}]
        return [{"params": own}, {"params": list(text.values()), "lr": self.settings.text_learning_rate}]

    def _clip(self) -> None:
        norm = self.accelerator.clip_grad_norm_(self.corrected, self.settings.max_grad_norm)
        if norm is not None and not isfinite(float(norm)) and self.accelerator.scaler is None:
            raise astray(self, "A gradient is no longer a number")

    def _seed_chance(self) -> None:
        """Dropout is a function of (seed, step, process), whatever was painted in between."""
        import torch

        drawn = objective.generator(self.seed, self.done, f"chance of {self.crew.number}")
        torch.manual_seed(drawn.initial_seed())

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """While it lasts, the network is as it is sampled and saved: averaged, without dropout.

        Afterwards weights and chance are exactly as before.
        """
        import torch

        averaged = self.average.standing_in() if self.settings.ema else self._settled()
        with torch.random.fork_rng(), averaged:
            self._train(False)
            try:
                yield
            finally:
                self._train(True)

    def _train(self, on: bool) -> None:
        """Dropout on or off, in every part that has some."""
        self.model.denoiser.train(on)
        if self.attached.text_weights:
            for encoder in self.model.text_encoders.values():
                encoder.train(on)

    def _settled(self) -> Any:
        return self.kind.settled(self.optimizer.optimizer)

    def state(self) -> State:
        """Everything that the next step depends on; raises `TrainingError` if a weight is no number."""
        network = self.attached.state()
        if not all(bool(weight.isfinite().all()) for weight in network.values()):
            raise astray(self, "A weight is no longer a number")
        scaler = self.accelerator.scaler
        return {
            "step": self.done,
            "network": network,
            "average": self.average.state(),
            "optimizer": self.optimizer.optimizer.state_dict(),
            "rates": {"last_epoch": self.rates.last_epoch},
            "scaler": scaler.state_dict() if scaler is not None else None,
        }

    def _remember(self, state: Any) -> None:
        try:
            self.optimizer.optimizer.load_state_dict(state)
        except ValueError:  # other groups of weights
            raise TrainingError(
                "This training was begun by an earlier version of the studio",
                why="What its optimizer remembers was kept in another way then",
                remedy="Train anew with its settings; its checkpoints can be used as they are.",
            ) from None

    def load(self, state: State) -> None:
        """Go on from there."""
        self.done = state["step"]
        self.attached.load(state["network"])
        self.average.load(state["average"])
        self._remember(state["optimizer"])
        self.rates.last_epoch = state["rates"]["last_epoch"]
        self.rates._last_lr = [group["lr"] for group in self.optimizer.optimizer.param_groups]
        if self.accelerator.scaler is not None and state["scaler"] is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
