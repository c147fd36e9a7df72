"""What mixing costs on a UNet of SD1.5's real size with random weights: ratios to a bare step, in one run.

    python -m tests.bench.mixing [pixels]

A step with five adapters by the mean of the bare steps before and after it; moving one slider of five by
a bare step; growth of memory over 200 changes; and the time to read one adapter of all attention layers.
The processor's time counts, so that what else the machine does weighs on all alike.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import psutil
import torch

from studio.adapters.factors import Delta, Factors
from studio.adapters.layers import DENOISER, layers_of
from studio.adapters.mixing import Mixer
from studio.adapters.naming import LayerTable, kohya_key
from studio.adapters.reading import Adapter, read_adapter
from studio.adapters.writing import write_adapter
from studio.families.sd1 import CONFIGS

RANK, ADAPTERS, CHANGES, ROUNDS = 16, 5, 200, 12


def unet() -> Any:
    """SD1.5's UNet in bfloat16 with small random weights; nothing is computed in float32 on the way."""
    from diffusers import UNet2DConditionModel

    config = json.loads((CONFIGS / "sd1" / "unet" / "config.json").read_text())
    with torch.device("meta"):
        made = UNet2DConditionModel.from_config(config).to(torch.bfloat16)
    made = made.to_empty(device="cpu").requires_grad_(False)
    for name, weight in made.named_parameters():
        weight.normal_(0, 0.02) if weight.ndim > 1 else weight.fill_(float("weight" in name))
    return made


def lora(folder: Path, table: LayerTable, number: int) -> Path:
    """An adapter of rank 16 for all attention layers."""
    dice = torch.Generator().manual_seed(number)
    changes: dict[str, Delta] = {}
    for layer in table.layers:
        if "attn" in layer.path:
            down = 0.02 * torch.randn(RANK, layer.shape[1], generator=dice)
            up = 0.02 * torch.randn(layer.shape[0], RANK, generator=dice)
            changes[kohya_key("lora_unet", layer.path)] = Factors(down, up, RANK)
    path = folder / f"{number}.safetensors"
    write_adapter(path, changes, {})
    return path


def took(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    start = time.process_time()
    work()
    return time.process_time() - start


def best(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of a few runs."""
    return min(took(work) for _ in range(times))


def main() -> None:
    """Print the ratios."""
    pixels = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    net = unet()
    table = LayerTable("SD1.5", layers_of(DENOISER, net), {})
    noise = torch.randn(1, 4, pixels // 8, pixels // 8).bfloat16()
    words = torch.randn(1, 77, 768).bfloat16()

    def step() -> None:
        with torch.no_grad():
            net(noise, torch.tensor([500]), encoder_hidden_states=words)

    with tempfile.TemporaryDirectory() as folder:
        paths = [lora(Path(folder), table, number) for number in range(ADAPTERS)]
        reading = best(lambda: read_adapter(paths[0], table))
        adapters = [read_adapter(path, table) for path in paths]
    mixer = Mixer(SimpleNamespace(denoiser=net, text_encoders={}))  # type: ignore[arg-type]
    step()
    bare, ratios, control = [], [], []
    for _ in range(ROUNDS):
        before, between, after = (_step_with(mixer, mix, step) for mix in ([], adapters, []))
        bare += [before, after]
        ratios.append(between / ((before + after) / 2))
        control.append(before / after)
    moved = best(lambda: mixer.apply(_moved(adapters)))
    grown = _growth(mixer, adapters)
    print(f"bare step {min(bare):.2f} s")
    print(f"with five adapters / the bare steps before and after it: {median(ratios):.3f} (median)")
    print(f"  {min(ratios):.3f} to {max(ratios):.3f}; bare / bare {min(control):.3f} to {max(control):.3f}")
    print(f"moving one slider of five / bare step {moved / min(bare):.3f} ({moved:.2f} s)")
    print(f"reading one adapter of {len(adapters[0].changes)} layers {reading:.2f} s")
    print(f"memory after {CHANGES} changes: {grown:+.0f} MB")


def _step_with(mixer: Mixer, mix: list[Adapter], step: Callable[[], None]) -> float:
    """Seconds of a step in which these adapters are mixed; one is taken before, for the weights are new."""
    mixer.apply([(adapter, 0.5) for adapter in mix])
    step()
    return best(step)


_turn = 0


def _moved(adapters: list[Adapter]) -> list[tuple[Adapter, float]]:
    """One slider a little further each time."""
    global _turn
    _turn += 1
    return [(adapter, 0.5 + 0.01 * _turn * (number == 2)) for number, adapter in enumerate(adapters)]


def _growth(mixer: Mixer, adapters: list[Adapter]) -> float:
    """Megabytes more after many changes, on a tenth of the layers."""
    few = [Adapter(a.name, dict([*a.changes.items()][::10]), {}, a.receipt) for a in adapters]
    for _ in range(10):
        mixer.apply(_moved(few))
    gc.collect()
    before = psutil.Process().memory_info().rss
    for _ in range(CHANGES):
        mixer.apply(_moved(few))
    gc.collect()
    return (psutil.Process().memory_info().rss - before) / 2**20


if __name__ == "__main__":
    main()
