"""What every training stage shares: a budget of minutes, a curve, a checkpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from studio.pocket.icons import BUILD

ASSETS = Path("assets/pocket")
DEMO = Path("assets/demo")
MILESTONE = 120.0


class Stage:
    """One training run that lasts a number of minutes, however often it is interrupted.

    `kept` names the modules and optimizers whose state the checkpoint holds.
    """

    def __init__(self, name: str, minutes: float, kept: dict[str, Any]) -> None:
        BUILD.mkdir(parents=True, exist_ok=True)
        self.name, self.budget, self.kept = name, minutes * 60, kept
        self.step, self.spent, self.run = 0, 0.0, 0.0
        self.path = BUILD / f"{name}.pt"
        if self.path.exists():
            self._load()

    @property
    def done(self) -> float:
        """How much of the budget is used, from 0 to 1."""
        return min(1.0, self.spent / self.budget)

    def learning_rate(self, peak: float, warm_up: int = 150) -> float:
        """Linear warm-up over `warm_up` steps, then a cosine to almost 0 by the clock."""
        decay = 0.5 * (1 + torch.cos(torch.tensor(torch.pi * self.done)).item())
        return peak * min(1.0, (self.step + 1) / warm_up) * max(decay, 0.005)

    def steps(self) -> Iterator[int]:
        """Step numbers until the budget is used; saves every two minutes and at the end."""
        last = saved = time.monotonic()
        while self.done < 1:
            yield self.step
            self.step += 1
            now = time.monotonic()
            self.spent, last = self.spent + now - last, now
            if now - saved > MILESTONE:
                self.save()
                saved = now
        self.save()

    def note(self, loss: float, every: int = 50, **more: float) -> None:
        """Write a smoothed loss to the curve every so many steps."""
        self.run = loss if not self.run else 0.98 * self.run + 0.02 * loss
        if self.step % every == 0:
            line = {"step": self.step, "seconds": round(self.spent), "loss": round(self.run, 5)}
            text = json.dumps(line | {key: round(value, 6) for key, value in more.items()})
            print(text, flush=True)
            with (BUILD / f"{self.name}.jsonl").open("a") as curve:
                curve.write(text + "\n")

    def save(self) -> None:
        """Keep everything, in one rename."""
        state = {key: part.state_dict() for key, part in self.kept.items()}
        unfinished = self.path.with_suffix(".tmp")
        torch.save({"step": self.step, "spent": self.spent, "run": self.run, "state": state}, unfinished)
        unfinished.replace(self.path)

    def _load(self) -> None:
        found = torch.load(self.path, weights_only=True)
        self.step, self.spent, self.run = found["step"], found["spent"], found["run"]
        for key, part in self.kept.items():
            part.load_state_dict(found["state"][key])


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group of weights this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def publish(module: Any, folder: Path, **options: Any) -> None:
    """Write a model's half-precision weights beside the old ones, then put them in place."""
    from safetensors.torch import load_file, save_file

    unfinished = folder.with_name(f".{folder.name}.new")
    module.save_pretrained(unfinished, safe_serialization=True, **options)
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(unfinished.iterdir()):
        if path.suffix == ".safetensors":
            halves = {
                key: value.half() if value.is_floating_point() else value
                for key, value in load_file(path).items()
            }
            save_file(halves, path, metadata={"format": "pt"})
            path.chmod(0o644)
        path.replace(folder / path.name)
    unfinished.rmdir()
