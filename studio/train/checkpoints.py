"""Checkpoints: a folder for each, which appears whole or not at all.

`checkpoints/step-000137/` holds `lora.safetensors`, which any program can use, and for the newest
ones `state.pt`, from which the training goes on exactly.
"""

from __future__ import annotations

import logging
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

log = logging.getLogger("studio.train")
KEPT_STATES = 2  # a second one, for the case that the newest cannot be read
LORA, STATE = "lora.safetensors", "state.pt"
State = dict[str, Any]


class Checkpoints:
    """The checkpoints of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, step: int, state: State, write_lora: Callable[[Path], object]) -> Path:
        """Write the checkpoint of a step, then let go of the states that are no longer needed.

        Whatever happens meanwhile, the checkpoints from before stay as they are.
        """
        import torch

        target = self.folder / f"step-{step:06d}"
        unfinished = self.folder / f".{target.name}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        try:
            write_lora(unfinished / LORA)
            with (unfinished / STATE).open("wb") as file:
                torch.save(state, file)
                file.flush()
                os.fsync(file.fileno())
            shutil.rmtree(target, ignore_errors=True)  # there only if it could not be read
            unfinished.replace(target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        self._prune()
        return target

    def newest(self) -> State | None:
        """The state to go on from; a damaged one is passed over for the one before it."""
        import torch

        for folder in self._with_state():
            try:
                state: State = torch.load(folder / STATE, weights_only=True, map_location="cpu")
                return state
            except (OSError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as fault:
                log.warning("%s cannot be read: %s", folder / STATE, fault)
        return None

    def loras(self) -> dict[int, Path]:
        """The LoRA of each checkpoint, by its step."""
        return {int(path.parent.name[5:]): path for path in sorted(self.folder.glob(f"step-*/{LORA}"))}

    def _prune(self) -> None:
        for folder in list(self._with_state())[KEPT_STATES:]:
            (folder / STATE).unlink()

    def _with_state(self) -> Iterator[Path]:
        folders = sorted(self.folder.glob("step-*"), reverse=True)
        return (folder for folder in folders if (folder / STATE).exists())
