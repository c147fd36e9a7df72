"""Any chat model that sees, by its hub id or its folder."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.caption.captioners._base import Captioner, Speed
from studio.caption.captioners._chat import OpenedChat, open_from_hub
from studio.errors import SettingsError

if TYPE_CHECKING:
    import torch

    from studio.caption.settings import CaptionSettings
    from studio.jobs.context import Context

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


class Chat(Captioner):
    """The person names the model."""

    name = "chat"
    title = "Any chat model"
    about = (
        "Qwen-VL, SmolVLM, LLaVA, Gemma and others answer what you ask of each picture. "
        "It needs about twice as many gigabytes as its name has billions (2B, 8B); a third of that in 4 bits."
    )
    licence = "The model's own licence"
    speed: Speed = "slow"
    reads = frozenset({"model", "prompt", "longest", "four_bits"})
    order = 40

    def key(self, settings: CaptionSettings) -> Hashable:
        """Each model named is another one."""
        return self.name, settings.model, settings.four_bits

    def open(self, device: torch.device, context: Context, settings: CaptionSettings) -> OpenedChat:
        """Open what the person named; raises `SettingsError`, `ModelError`, `Offline`."""
        named = settings.model.strip()
        path = context.workspace.models / Path(named).expanduser()  # a full path stays what it is
        if (path / "config.json").is_file() and ".." not in path.parts:
            return OpenedChat(path, device, four_bits=settings.four_bits)
        if not HUB_ID.fullmatch(named):
            raise SettingsError(
                f"Chat model: “{named}” is neither a hub id nor the folder of a model",
                remedy="Write it like Qwen/Qwen3-VL-4B-Instruct, or give the full path of its folder.",
                field="model",
            )
        return open_from_hub(named, device, context, settings)


ENTRY = Chat()
