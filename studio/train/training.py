"""A training under way: steps, checkpoints, samples, and what the person asks for meanwhile."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from studio.errors import Cancelled, OutOfMemory, Paused, TrainingError
from studio.jobs.context import Context
from studio.jobs.requests import SAMPLE_NOW, SAVE_NOW
from studio.train.checkpoints import Checkpoints
from studio.train.export import Recipe, write_lora
from studio.train.learning import Ruined, check_at, demand_learning, demand_sense
from studio.train.loop import Loop
from studio.train.memory.watching import Watch
from studio.train.metrics import Metrics, memory_used
from studio.train.probe import Probe
from studio.train.samples import Sampler

LOOKS = 10  # at the held-out pictures, in a whole training


class Training:
    """One run, from its newest checkpoint on."""

    def __init__(self, context: Context, loop: Loop, recipe: Recipe, watch: Watch) -> None:
        self.context, self.loop, self.recipe, self.watch = context, loop, recipe, watch
        self.settings, self.plan = recipe.settings, recipe.plan
        self.checkpoints = Checkpoints(context.folder / "checkpoints")
        self.sampler = Sampler(context, loop)
        material = loop.material
        self.measure = "held_out" if material.kept_apart.examples else "seen_loss"
        shelf = material.kept_apart if material.kept_apart.examples else material.shelf
        self.probe = Probe(loop.model, loop.noise_schedule, shelf, loop.prompts)
        self.learned = check_at(loop)
        self._base_loss: float | None = None
        self._go_on()
        if loop.crew.leads:
            self.metrics = Metrics(context.folder, loop.done)

    def run(self) -> None:
        """All steps that are not done yet; a Stop or a Pause saves where it is."""
        try:
            while self.loop.done < self.settings.steps:
                if self.loop.done % self.plan.sample_every == 0:
                    self._sample()
                self._heed()
                self._step()
            self._sample()
        except Ruined:
            raise  # a state from which nobody wants to go on
        except (Cancelled, OutOfMemory, TrainingError):
            self._save()
            raise

    def _heed(self) -> None:
        """Do what the person asked for since the last step."""
        asked = self.loop.crew.agree(self._asked() if self.loop.crew.leads else [])
        if "stopped" in asked:
            raise Cancelled
        if "paused" in asked:
            raise Paused
        if SAVE_NOW in asked:
            self._save(asked=True)
        if SAMPLE_NOW in asked:
            self._sample(asked=True)

    def _asked(self) -> list[str]:
        try:
            self.context.check()
        except Paused:
            return ["paused"]  # what else was asked for is done when it goes on
        except Cancelled:
            return ["stopped"]
        return [request for request in (SAVE_NOW, SAMPLE_NOW) if self.context.asked(request)]

    def _go_on(self) -> None:
        state = self.checkpoints.newest()
        if state is not None:
            self.loop.load(state)
            self._compare(state["begun_with"])
        else:
            self.loop.observe()
        self._saved = self.loop.done

    def _compare(self, begun_with: dict[str, Any]) -> None:
        """Say what is not as it was when the training began; it goes on all the same."""
        for what, now in self._begun_with().items():
            if begun_with[what] != now:
                text = f"The {what} changed while the training rested; it goes on with them as they are now."
                self.context.artifact("note", text=text)

    def _begun_with(self) -> dict[str, Any]:
        pictures = {example.picture.path.name: example.caption for example in self.plan.examples}
        return {"base model's weights": self.recipe.base_hash, "pictures or captions": pictures}

    def _step(self) -> None:
        began = time.monotonic()
        with self.watch.phase("step"):
            figures = self.loop.step()
        done, steps = self.loop.done, self.settings.steps
        figures |= {"seconds": round(time.monotonic() - began, 4), **self._held_out()}
        figures["memory"] = memory_used(self.loop.model.device)
        if self.loop.crew.leads:
            self.metrics.add(done, **figures)
        self.context.progress(done, steps, f"Step {done} of {steps}", **figures)
        if done == self.learned:
            self._check_learning()
        if done % self.plan.save_every == 0 or done == steps:
            self._save()

    def _held_out(self) -> dict[str, float]:
        """The loss at fixed noise, every tenth of the steps."""
        done, steps = self.loop.done, self.settings.steps
        if steps < LOOKS or not (done == 1 or done == steps or done % (steps // LOOKS) == 0):
            return {}
        with self.loop.at_rest(), self.loop.accelerator.autocast():
            loss = self.probe.loss()
            if self._base_loss is None:
                with self.loop.attached.off():
                    self._base_loss = self.probe.loss()
        demand_sense(loss, self._base_loss, self.loop)
        return {self.measure: loss}

    def _check_learning(self) -> None:
        moved = demand_learning(self.loop, self.probe)
        sentence = f"It learns: what the base says has changed by {moved:.2%} after {self.loop.done} steps."
        self.context.artifact("check", name="learning", sentence=sentence, step=self.loop.done, moved=moved)

    def _sample(self, *, asked: bool = False) -> None:
        if self.loop.crew.leads:
            done = self.loop.done
            self.context.progress(done, self.settings.steps, "Painting samples")
            with self.watch.phase("sampling"):
                self.sampler.paint(done, asked=asked)

    def _save(self, *, asked: bool = False) -> None:
        done = self.loop.done
        if done > self._saved:
            self._saved = done
            state = {**self.loop.state(), "begun_with": self._begun_with()}
            if self.loop.crew.leads:
                with self.watch.phase("saving"), self.loop.at_rest():
                    path = self.checkpoints.save(done, state, self._write_lora)
                self.context.artifact("checkpoint", path, step=done, asked=asked)

    def _write_lora(self, path: Path) -> None:
        write_lora(path, self.loop.attached, self.recipe, self.loop.done)
