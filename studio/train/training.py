"""A training under way: steps, checkpoints, samples, and the LoRA at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.errors import Cancelled
from studio.jobs.context import Context
from studio.train.checkpoints import Checkpoints
from studio.train.export import Recipe, publish, write_lora
from studio.train.loop import Loop
from studio.train.metrics import Metrics
from studio.train.samples import Sampler


class Training:
    """One run, from its newest checkpoint on."""

    def __init__(self, context: Context, loop: Loop, recipe: Recipe) -> None:
        self.context, self.loop, self.recipe = context, loop, recipe
        self.settings, self.plan = recipe.settings, recipe.plan
        self.checkpoints = Checkpoints(context.folder / "checkpoints")
        self.sampler = Sampler(context, loop.model, loop.material)
        self._go_on()
        self.metrics = Metrics(context.folder, loop.done)

    def run(self) -> str:
        """All steps that are not done yet; a Stop saves where it is."""
        try:
            while self.loop.done < self.settings.steps:
                if self.loop.done % self.plan.sample_every == 0:
                    self._sample()
                self.context.check()
                self._step()
            self._sample()
        except Cancelled:
            self._save()
            raise
        return self._finish()

    def _go_on(self) -> None:
        state = self.checkpoints.newest()
        if state is not None:
            self.loop.load(state)
            self._compare(state["begun_with"])
        self._saved = self.loop.done

    def _compare(self, begun_with: dict[str, Any]) -> None:
        """Say what is not as it was when the training began; it goes on all the same."""
        for what, now in self._begun_with().items():
            if begun_with[what] != now:
                text = f"The {what} changed while the training rested; it goes on with them as they are now."
                self.context.artifact("note", text=text)

    def _begun_with(self) -> dict[str, Any]:
        pictures = {example.picture.path.name: example.caption for example in self.plan.examples}
        return {"base model's weights": self.loop.model.base_hash, "pictures or captions": pictures}

    def _step(self) -> None:
        figures = self.loop.step()
        done = self.loop.done
        self.metrics.add(done, **figures)
        self.context.progress(done, self.settings.steps, f"Step {done} of {self.settings.steps}", **figures)
        if done % self.plan.save_every == 0 or done == self.settings.steps:
            self._save()

    def _sample(self) -> None:
        done = self.loop.done
        self.context.progress(done, self.settings.steps, "Painting samples")
        self.sampler.paint(done)

    def _save(self) -> None:
        done = self.loop.done
        if done > self._saved:
            state = {**self.loop.state(), "begun_with": self._begun_with()}
            path = self.checkpoints.save(done, state, self._write_lora)
            self._saved = done
            self.context.artifact("checkpoint", path, step=done)

    def _write_lora(self, path: Path) -> None:
        write_lora(path, self.loop.attached, self.recipe.metadata(self.loop.done))

    def _finish(self) -> str:
        target = publish(self.loop.attached, self.context.workspace.loras, self.recipe, self.sampler.newest())
        self.context.artifact("lora", target, name=target.stem)
        megabytes = target.stat().st_size / 1e6
        return f"“{target.stem}” is trained: {self.settings.steps} steps, {megabytes:.1f} MB."
