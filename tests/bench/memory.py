"""The memory that each family needs, counted phase by phase, and on a card also measured.

    python -m tests.bench.memory                 the whole table, on any machine, in a few minutes
    python -m tests.bench.memory --only sdxl     some rows of it
    python -m tests.bench.memory --card          the same runs on this machine's card, with random weights of
                                                 the real size; nothing is downloaded. Writes its figures into
                                                 tests/bench/results/memory-<card>.json

The rows are those of a LoRA of rank 16 at batch 1 with 8-bit Adam. `--card` needs torch with CUDA and the
packages of `pyproject.toml`: diffusers, transformers, peft, accelerate, bitsandbytes. It ends within eight
minutes: rows that the card has no room for, or for which no time is left, are left out and named.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.memory.allowance import CONTEXT, GIB, WORKSPACE, allowance

RESULTS = Path(__file__).parent / "results"
NEEDED = ("torch", "diffusers", "transformers", "peft", "accelerate", "bitsandbytes")
LONGEST = 7.5 * 60  # seconds for the whole bench on a card
ADAPTERS, RANK = 5, 16


@dataclass(frozen=True)
class Row:
    """A training, the GiB that its step may take, and the card in GB that it must fit on."""

    name: str
    family: str
    side: int
    most: float
    card: float
    storage: str = "plain"


ROWS = (
    Row("SD1.5", "sd1", 512, 1.9, 4),
    Row("SD2.1", "sd2", 768, 2.2, 4),
    Row("SDXL", "sdxl", 1024, 5.6, 8),
    Row("SDXL, fp8 base", "sdxl", 1024, 3.6, 6, "fp8"),
    Row("SDXL, 8-bit base", "sdxl", 1024, 3.6, 6, "int8"),
    Row("SD3.5 medium", "sd3", 1024, 5.0, 8),
    Row("FLUX.1 dev, NF4", "flux", 1024, 9.0, 11, "nf4"),
    Row("SDXL, off card", "sdxl", 1024, 1.5, 4, "offload"),
    Row("FLUX.1, off card", "flux", 1024, 3.0, 4, "offload"),
)


def settings_of(row: Row) -> Any:
    """The training of a row."""
    from studio.train.settings import TrainSettings

    values = {"base": row.family, "resolution": row.side, "storage": row.storage, "rank": RANK}
    return TrainSettings.parse({"dataset": "-", "optimizer": "adamw8bit", **values})


def painting_of(row: Row) -> Any:
    """The generation of a row."""
    from studio.generate.settings import GenerateSettings

    values = {"base": row.family, "width": row.side, "height": row.side, "storage": row.storage}
    return GenerateSettings.parse(values)


def counted(row: Row) -> dict[str, int]:
    """Peak bytes of a training's phases, and of painting with five LoRAs."""
    from studio.families import FAMILIES
    from studio.generate.memory import trial as painting
    from studio.memory.blueprints import of_family
    from studio.train.memory.trial import count

    plan = of_family(FAMILIES.get(row.family))
    found = count(settings_of(row), plan, dtype="bf16")
    painted = painting.count(painting_of(row), plan, dtype="bf16", frugal=True)
    beside = ADAPTERS * 2 * found.facts["trained"] if row.storage != "plain" else 0
    return {**found.peaks, "painting": max(painted.peaks.values()) + beside}


def table(rows: list[Row]) -> bool:
    """Print what is counted; whether all bars hold."""
    names = ("text", "latents", "step", "sampling", "saving", "painting")
    print(f"{'GiB, counted':<18}{'px':>6}" + "".join(f"{name:>10}" for name in names), end="")
    print(f"{'at most':>9}{'on card':>9}{'of':>5}{'CPU s':>7}")
    good = True
    for row in rows:
        began = time.process_time()
        peaks = counted(row)
        seconds = time.process_time() - began
        step = peaks["step"]
        largest = max(peaks[name] for name in names)
        needs = (largest + allowance(largest)) / GIB
        others = largest == step or row.storage == "offload"  # without the base, the VAE needs most
        holds = step <= row.most * GIB and needs <= row.card and others
        good &= holds
        print(
            f"{row.name:<18}{row.side:>6}" + "".join(f"{peaks[name] / GIB:>10.2f}" for name in names), end=""
        )
        print(f"{row.most:>9.1f}{needs:>9.2f}{row.card:>5g}{seconds:>7.1f}  {'holds' if holds else 'FAILS'}")
    return good


class OnCard:
    """What torch holds of a card, by phase."""

    def __init__(self) -> None:
        self.peaks: dict[str, int] = {}

    @property
    def live(self) -> int:
        """Bytes now."""
        import torch

        return torch.cuda.memory_allocated()

    def leave(self, module: Any) -> None:
        """Nothing of it is there any more."""

    def phase(self, name: str) -> Any:
        """The driver's figure is taken as well, at the end, when torch holds what it ever needed."""
        from contextlib import contextmanager

        import torch

        @contextmanager
        def measured() -> Iterator[None]:
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            yield
            torch.cuda.synchronize()
            self.peaks[name] = torch.cuda.max_memory_allocated()
            self.peaks[f"{name} held"] = torch.cuda.max_memory_reserved()

        return measured()


def random_model(row: Row, device: Any) -> Any:
    """The base of a row with random weights on this device, as a training opens it."""
    import torch
    from torch import nn

    from studio.families import FAMILIES
    from studio.memory.blueprints import of_family
    from studio.memory.weightless import assembled, empty_parts
    from studio.models.storage import STORAGES
    from studio.models.storage._base import stored_layers

    plan, storage = of_family(FAMILIES.get(row.family)), STORAGES.get(row.storage)
    parts = empty_parts(plan, torch.bfloat16)
    for name, part in parts.items():
        if not isinstance(part, nn.Module):
            continue
        packs = storage.packs and name in plan.family.stored
        for path, layer in list(stored_layers(part)) if packs else []:
            part.set_submodule(path, storage.pack(with_weights(layer, device), device))
        with_weights(part, torch.device("cpu"))
    return assembled(plan, parts, device, frugal=device.type == "cuda")


def with_weights(module: Any, device: Any) -> Any:
    """Small random numbers in place of weights that take no memory."""
    import torch

    for part in module.modules():
        for kind in (part._parameters, part._buffers):
            for name, each in kind.items():
                if each is None or not each.is_meta:
                    continue
                made = torch.empty(each.shape, dtype=each.dtype, device=device)
                made = made.normal_(0, 0.02) if made.is_floating_point() else made.zero_()
                kind[name] = torch.nn.Parameter(made, False) if kind is part._parameters else made
    return module


def measured(row: Row, device: Any) -> dict[str, Any]:
    """The phases of a training on the card, and how many steps a second it makes."""
    import torch

    from studio.train.memory import trial

    counter = OnCard()
    model = random_model(row, device)
    found = trial.run_phases(model, settings_of(row), counter, steps=8)
    driver = torch.cuda.mem_get_info()
    return {
        **counter.peaks,
        "driver": driver[1] - driver[0],
        "steps_per_second": found.facts["steps_per_second"],
    }


def painted(row: Row, device: Any) -> dict[str, float]:
    """Denoising steps a second with 0, 1 and 5 LoRAs written into the weights: all the same."""
    import torch

    from studio.memory.sampling import guide, latents_shape

    model = random_model(row, device)
    found = {}
    with torch.no_grad():
        told = {name: each.cpu() for name, each in model.encode_prompts(["a prompt"]).items()}
        latents = torch.randn(latents_shape(model, (row.side, row.side))).to(device, model.dtype)
        for adapters in (0, 1, ADAPTERS):
            if adapters and row.storage == "plain":
                mix_in(model, adapters)
            guide(model, told, latents)
            torch.cuda.synchronize()
            began = time.perf_counter()
            for _ in range(4):
                guide(model, told, latents)
            torch.cuda.synchronize()
            found[str(adapters)] = 4 / (time.perf_counter() - began)
    return found


def mix_in(model: Any, count: int) -> None:
    """Write random LoRAs of the usual layers into the weights, as the studio's mixer leaves them."""
    import torch

    from studio.adapters.factors import Factors
    from studio.networks._targets import chosen_layers, layers_of

    shapes = layers_of(model.denoiser)
    paths = chosen_layers(model.family, "denoiser", shapes, blocks="", wide=False)
    model.bring("denoiser")
    for path in paths * count:
        weight = model.denoiser.get_submodule(path).weight
        rows, columns = shapes[path][:2]
        down, up = torch.randn(RANK, columns) * 1e-3, torch.randn(rows, RANK) * 1e-3
        change = Factors(down.to(weight.device), up.to(weight.device), float(RANK)).delta(weight)
        weight.data += change.to(weight.dtype)


def on_card(rows: list[Row]) -> bool:
    """Do the rows for real, and write down what was found beside what was counted."""
    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        print(f"This needs {', '.join(lacking)}: pip install {' '.join(lacking)}")
        return False
    import torch

    if not torch.cuda.is_available():
        print("This machine shows no card of NVIDIA or AMD.")
        return False
    began, device = time.monotonic(), torch.device("cuda")
    name = torch.cuda.get_device_name()
    free = torch.cuda.mem_get_info()[0]
    found: dict[str, Any] = {"card": name, "total": torch.cuda.mem_get_info()[1], **versions(), "rows": {}}
    good = True
    for row in rows:
        if time.monotonic() - began > LONGEST * 0.85:
            found["rows"][row.name] = {"left out": "no time was left"}
            continue
        expected = counted(row)
        if expected["step"] + allowance(expected["step"]) > free:
            found["rows"][row.name] = {"left out": "the card has no room for it"}
            continue
        real = {**measured(row, device), "painting_steps_per_second": painted(row, device)}
        off = real["step"] / expected["step"] - 1
        beside = real["driver"] - real["step held"]
        good &= abs(off) <= 0.05 and beside <= CONTEXT + WORKSPACE
        found["rows"][row.name] = {"counted": expected, "measured": real, "off": off, "beside": beside}
        print(
            f"{row.name:<18} counted {expected['step'] / GIB:6.2f}  measured {real['step'] / GIB:6.2f} GiB",
            end="",
        )
        print(f"  off {off:+.1%}  beside {beside / GIB:.2f} GiB  {real['steps_per_second']:.2f} steps/s")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"memory-{name.lower().replace(' ', '-')}.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{path}, after {time.monotonic() - began:.0f} s")
    return good


def versions() -> dict[str, Any]:
    """Of the driver and the libraries."""
    from importlib.metadata import version

    import pynvml

    pynvml.nvmlInit()
    driver = pynvml.nvmlSystemGetDriverVersion()
    return {"driver": str(driver), "versions": {name: version(name) for name in NEEDED}}


def main() -> None:
    """Print the table; the exit code says whether all bars hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="rows whose family this is, or whose name begins so")
    parser.add_argument("--card", action="store_true")
    asked = parser.parse_args()
    rows = [
        row for row in ROWS if not asked.only or asked.only in row.family or row.name.startswith(asked.only)
    ]
    sys.exit(0 if (on_card if asked.card else table)(rows) else 1)


if __name__ == "__main__":
    main()
