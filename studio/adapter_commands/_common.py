"""What the commands on adapter files share: their arguments, and finding, opening and saving."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import Progress as Bar

from studio.console import console
from studio.workspace import Workspace, safe_name

if TYPE_CHECKING:
    from studio.adapters.clashes import WeightOf
    from studio.adapters.reading import Adapter
    from studio.adapters.workbench.loose import Loose, Progress
    from studio.adapters.workbench.merging import Merged
    from studio.families._base import Model

app = typer.Typer(help="Look into LoRA files, and make new ones of them.", no_args_is_help=True)

Where = Annotated[
    Path | None, typer.Option("--workspace", help="The folder with datasets, LoRAs and pictures.")
]
File = Annotated[str, typer.Argument(metavar="LORA", help="A file, or the name of a LoRA in the workspace.")]
To = Annotated[str, typer.Option("--to", help="A file, or a name for one in the workspace.")]
Weighted = Annotated[list[str], typer.Argument(metavar="LORA", help="Each with its weight, such as fox:0.8.")]
Rank = Annotated[int, typer.Option(help="Of the new LoRA; 0 is what --energy needs, or as exact as can be.")]
Energy = Annotated[float, typer.Option(min=0.01, max=1, help="The part of the change to keep, 0.95 say.")]
Numbers = Annotated[str, typer.Option("--precision", help="fp16, bf16 or fp32.")]
Base = Annotated[str, typer.Option("--base", help="A base model, by its name or path.")]


def tell(lines: dict[str, str]) -> None:
    """Print what is known, line by line."""
    for label, told in lines.items():
        console.print(f"[bold]{label:<14}[/] {escape(told)}")


def said(target: Path, more: str = "") -> None:
    """Say what was written."""
    console.print(f"[green]{escape(target.name)} is written.[/] {escape(more)}".rstrip())


def save_merged(target: Path, merged: Merged, sources: list[Loose], told: tuple[str, str]) -> None:
    """Write what the workbench made; `told` is a line on how, and the precision."""
    from studio.adapters.workbench.saving import save

    note, numbers = told
    save(target, merged.changes, sources, note=note, numbers=numbers)
    kept = "" if merged.energy > 0.9999 else f"It keeps {merged.energy:.1%} of the change."
    said(target, kept)


def file_of(text: str, workspace: Workspace) -> Path:
    """A file given by its path, or by its name in the library."""
    from studio.adapters.library import find_adapter

    path = Path(text).expanduser()
    return path if path.is_file() else find_adapter(workspace, text).path


def target_of(text: str, workspace: Workspace) -> Path:
    """Where a new LoRA goes: the file that is named, or one of that name in the workspace."""
    path = Path(text).expanduser()
    if path.suffix.lower() == ".safetensors" or path.parent != Path("."):
        return path.with_suffix(".safetensors")
    return workspace.loras / f"{safe_name(text)}.safetensors"


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


@contextmanager
def bar_of(title: str) -> Iterator[Progress]:
    """A progress bar while it lasts; Ctrl+C ends it at the next layer."""
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
