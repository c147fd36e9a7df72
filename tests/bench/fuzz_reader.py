"""Mutates adapter files 10,000 times: each is read or refused in a sentence, quickly, in little memory.

python -m tests.bench.fuzz_reader [how many] [seed]
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from studio.adapters.factors import Delta
from studio.adapters.layers import DENOISER, Layer
from studio.adapters.naming import LayerTable, kohya_key
from studio.adapters.reading import read_adapter
from studio.adapters.writing import write_adapter
from studio.errors import AdapterError
from tests.adapters.loras import KINDS, random_change

LAYERS = [Layer(DENOISER, "a", (8, 6)), Layer(DENOISER, "b.c", (4, 6, 3, 3)), Layer(DENOISER, "d", (6, 6))]
TABLE = LayerTable("a model", LAYERS, {})
HEADERS = (b'"shape":[', b'"dtype":"', b'"data_offsets":[', b"lora_", b".alpha", b"{", b"]", b"__metadata__")


def originals(folder: Path) -> list[bytes]:
    """A file of each kind."""
    found = []
    for number, kind in enumerate(KINDS):
        dice = torch.Generator().manual_seed(number)
        changes: dict[str, Delta] = {
            kohya_key("lora_unet", layer.path): random_change(kind, layer.shape, dice) for layer in LAYERS
        }
        path = folder / f"{number}.safetensors"
        write_adapter(path, changes, {"ss_network_alpha": "2", "modelspec.title": kind})
        found.append(path.read_bytes())
    return found


def mutated(content: bytes, dice: random.Random) -> bytes:
    """The file with bytes changed, taken out, doubled or put in, mostly in its header, or cut off."""
    told = bytearray(content)
    header = 8 + int.from_bytes(content[:8], "little")
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(header if dice.random() < 0.8 else len(told))
        place = min(place, len(told) - 1)
        how = dice.random()
        if how < 0.5:
            told[place] = dice.randrange(256)
        elif how < 0.65:
            del told[place : place + dice.randint(1, 9)]
        elif how < 0.8:
            told[place:place] = told[place : place + dice.randint(1, 40)]
        else:
            told[place:place] = dice.choice(HEADERS)
        if not told:
            return b""
    if dice.random() < 0.3:
        told[:8] = (max(0, len(told) - 8 - dice.randrange(len(told)))).to_bytes(8, "little")
    elif dice.random() < 0.5:  # the length fits again, so that what follows is looked at
        told[:8] = (header - 8 + len(told) - len(content)).to_bytes(8, "little", signed=True)
    return bytes(told[: dice.randrange(len(told))] if dice.random() < 0.1 else told)


def fuzz(count: int, seed: int = 0) -> tuple[Counter[str], float, float]:
    """How many were read and refused, the longest time in seconds, the growth of memory in MB."""
    dice, outcomes, longest = random.Random(seed), Counter[str](), 0.0
    with tempfile.TemporaryDirectory() as folder:
        sources, path = originals(Path(folder)), Path(folder) / "odd.safetensors"
        path.write_bytes(sources[0])
        read_adapter(path, TABLE)  # what is imported once does not count
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(count):
            path.write_bytes(mutated(dice.choice(sources), dice))
            start = time.process_time()
            try:
                read_adapter(path, TABLE)
                outcomes["read"] += 1
            except AdapterError as fault:
                assert str(fault).endswith((".", "?"))
                outcomes["refused"] += 1
            longest = max(longest, time.process_time() - start)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return outcomes, longest, grown


def main() -> None:
    """Print the outcome; fail where a limit is not held."""
    count, seed = (int(sys.argv[1]) if len(sys.argv) > 1 else 10_000), int((*sys.argv, 0, 0, 0)[2])
    outcomes, longest, grown = fuzz(count, seed)
    print(f"{dict(outcomes)}, the longest took {longest:.3f} s, memory grew by {grown:.0f} MB")
    assert longest < 1 and grown < 200


if __name__ == "__main__":
    main()
