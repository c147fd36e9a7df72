"""How long the library takes for 2,000 files, at first and when it remembers them.

python -m tests.bench.library [how many]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import torch

from studio.adapters.factors import Factors
from studio.adapters.library import adapters, search
from studio.adapters.metadata import AdapterFacts
from studio.adapters.writing import write_adapter
from studio.workspace import Workspace


def fill(workspace: Workspace, count: int) -> None:
    """LoRAs of 192 layers each, as of SD1, every other one with a card beside it."""
    layers = {
        f"lora_unet_block_{n}_to_q": Factors(torch.ones(1, 8), torch.ones(8, 1), 1.0) for n in range(192)
    }
    first = workspace.loras / "0" / "lora 0.safetensors"
    first.parent.mkdir(parents=True)
    write_adapter(first, layers, AdapterFacts(title="A LoRA", base_version="sd_v1").to_metadata())
    content = first.read_bytes()
    for number in range(1, count):
        path = workspace.loras / str(number % 20) / f"lora {number}.safetensors"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        if number % 2:
            path.with_suffix(".civitai.info").write_text('{"trainedWords": ["sks"], "baseModel": "SD 1.5"}')


def main() -> None:
    """Print seconds, cold and warm, and of a search."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open(Path(folder))
        fill(workspace, count)
        told = []
        for _ in range(3):
            start = time.perf_counter()
            cards = adapters(workspace)
            told.append(time.perf_counter() - start)
        start = time.perf_counter()
        found = search(cards, "lora 19 sks")
        searched = time.perf_counter() - start
    print(f"{len(cards)} files: {told[0]:.2f} s cold, {min(told[1:]):.2f} s warm; search {searched:.3f} s")
    assert found and min(told[1:]) < 1


if __name__ == "__main__":
    main()
