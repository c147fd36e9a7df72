"""What the commands on adapter files share: their arguments, and finding, opening and saving."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from studio.console import console
from studio.workspace import Workspace

if TYPE_CHECKING:
    from studio.adapters.clashes import WeightOf
    from studio.adapters.reading import Adapter
    from studio.families._base import Model

app = typer.Typer(help="Look into LoRA files, and make new ones of them.", no_args_is_help=True)

Where = Annotated[
    Path | None, typer.Option("--workspace", help="The folder with datasets, LoRAs and pictures.")
]
File = Annotated[str, typer.Argument(metavar="LORA", help="A file, or the name of a LoRA in the workspace.")]
Weighted = Annotated[list[str], typer.Argument(metavar="LORA", help="Each with its weight, such as fox:0.8.")]
Base = Annotated[str, typer.Option("--base", help="A base model, by its name or path.")]


def tell(lines: dict[str, str]) -> None:
    """Print what is known, line by line."""
    for label, told in lines.items():
        console.print(f"[bold]{label:<14}[/] {escape(told)}")


def file_of(text: str, workspace: Workspace) -> Path:
    """A file given by its path, or by its name in the library."""
    from studio.adapters.library import find_adapter

    path = Path(text).expanduser()
    return path if path.is_file() else find_adapter(workspace, text).path


def weighted(text: str) -> tuple[str, float]:
    """`name`, or `name:weight`."""
    name, _, weight = text.rpartition(":")
    try:
        return (name, float(weight)) if name else (text, 1.0)
    except ValueError:
        return text, 1.0


def open_base(base: str, workspace: Workspace) -> Model:
    """A base model on the processor."""
    import torch

    from studio.models.opening import open_model

    return open_model(base, workspace, device=torch.device("cpu"))


def weights_of(model: Model) -> WeightOf:
    """The weights of a model by layer."""
    from studio.adapters.mixing import Mixer

    return Mixer(model).original


def read_for(name: str, model: Model, workspace: Workspace) -> Adapter:
    """An adapter that fits the model."""
    from studio.adapters.naming import layer_table
    from studio.adapters.reading import read_adapter

    return read_adapter(file_of(name, workspace), layer_table(model))
