"""Tables of places: SD3's has a row for each of 384 × 384 patches, of which a picture uses a twentieth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


def keep_table_off(denoiser: nn.Module) -> None:
    """Leave the table in the machine's memory and bring what a picture needs of it, the very same numbers.

    In SD3.5 medium that frees 0.42 GiB of the card in half precision. Other denoisers have no table.
    """
    embed: Any = getattr(denoiser, "pos_embed", None)
    if embed is None or not getattr(embed, "pos_embed_max_size", None) or "pos_embed" not in embed._buffers:
        return
    table, cropped = embed._buffers.pop("pos_embed").cpu(), embed.cropped_pos_embed

    def crop(height: int, width: int) -> Tensor:
        rows: Tensor = cropped(height, width).to(embed.proj.weight.device)
        return rows

    embed.pos_embed, embed.cropped_pos_embed = table, crop
