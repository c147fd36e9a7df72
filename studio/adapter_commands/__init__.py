"""The commands on adapter files: `studio adapter inspect | list | clashes | merge | resize | …`."""

from studio.adapter_commands import looking, making
from studio.adapter_commands._common import app

__all__ = ["app", "looking", "making"]
