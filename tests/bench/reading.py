"""How long an SDXL LoRA of all attention layers takes to read, checked and hashed, beside its bare bytes.

python -m tests.bench.reading [rank]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from studio.adapters.factors import Delta, Factors
from studio.adapters.keying import kohya_changes
from studio.adapters.layers import DENOISER, Layer, layers_of
from studio.adapters.naming import LayerTable
from studio.adapters.reading import read_adapter
from studio.adapters.writing import write_adapter

SDXL = {
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (320, 640, 1280),
    "layers_per_block": 2,
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}


def main() -> None:
    """Print seconds of each, and their ratio."""
    from diffusers import UNet2DConditionModel

    rank = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    with torch.device("meta"):
        net = UNet2DConditionModel(**SDXL)
    table = LayerTable("SDXL", layers_of(DENOISER, net), {})
    changes: dict[Layer, Delta] = {}
    for layer in table.layers:
        if "transformer_blocks" in layer.path:
            down, up = torch.randn(rank, layer.shape[1]), torch.randn(layer.shape[0], rank)
            changes[layer] = Factors(down.half(), up.half(), rank)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sdxl.safetensors"
        write_adapter(path, kohya_changes(changes, table), {})
        megabytes = path.stat().st_size / 2**20
        load_file(path)
        start = time.process_time()  # of the processor: others may be using the machine
        load_file(path)
        bare = time.process_time() - start
        start = time.process_time()
        adapter = read_adapter(path, table)
        told = time.process_time() - start
    assert adapter.changes.keys() == changes.keys()
    print(f"{len(changes)} layers, {megabytes:.0f} MB: {told:.2f} s; the bytes alone {bare:.2f} s")


if __name__ == "__main__":
    main()
