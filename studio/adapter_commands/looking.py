"""Commands that look into adapter files."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from studio.adapter_commands._common import (
    Base,
    File,
    Weighted,
    Where,
    app,
    file_of,
    open_base,
    read_for,
    tell,
    weighted,
    weights_of,
)
from studio.console import console
from studio.workspace import Workspace


@app.command()
def inspect(file: File, base: Base = "", workspace: Where = None) -> None:
    """Say what a LoRA is: its family, layers, rank, trigger words, and with --base what of it fits."""
    from studio.adapters.inspection import inspect as look_into

    opened = Workspace.open(workspace)
    path = file_of(file, opened)
    tell(look_into(path))
    if base:
        from studio.adapters.entries import read_entries
        from studio.adapters.header import read_header
        from studio.adapters.naming import layer_table
        from studio.adapters.reading import make_receipt

        header = read_header(path)
        table = layer_table(open_base(base, opened))
        tell(make_receipt(path, header, read_entries(path, header), table).lines())


@app.command(name="list")
def list_(
    words: Annotated[str, typer.Argument(help="In names, titles, trigger words, tags or notes.")] = "",
    family: Annotated[str, typer.Option(help="Only those for this family: sd1, sdxl …")] = "",
    same: Annotated[bool, typer.Option("--same", help="Only those that are there twice.")] = False,
    workspace: Where = None,
) -> None:
    """List the LoRAs of the workspace and of added folders, newest first."""
    from studio.adapters.library import adapters, duplicates, search

    opened = Workspace.open(workspace)
    found = search(adapters(opened), words, family=family)
    for group in duplicates(opened, found) if same else [(card,) for card in found]:
        told = " = ".join(card.name for card in group)
        facts = filter(None, (group[0].kind, group[0].family, group[0].trigger, group[0].fault))
        console.print(f"[bold]{escape(told)}[/]  {escape(' · '.join(facts))}")


@app.command()
def clashes(loras: Weighted, base: Base = "pocket", workspace: Where = None) -> None:
    """Say where LoRAs would fight over the same layers, and how hard each pushes."""
    from studio.adapters.clashes import clash_map
    from studio.adapters.force import total_force
    from studio.adapters.mixing import Portion

    opened = Workspace.open(workspace)
    model = open_base(base, opened)
    portions = [Portion(read_for(name, model, opened), weight) for name, weight in map(weighted, loras)]
    told = clash_map([portion.adapter for portion in portions], weights_of(model))
    for (one, other), touch in told.pairs.items():
        pair = f"{told.names[one]} / {told.names[other]}"
        console.print(f"{escape(pair)}: cosine {touch.cosine:.2f}, overlap {touch.overlap:.2f}")
    for portion in portions:
        pushes = total_force(portion, weights_of(model))
        console.print(f"{escape(portion.adapter.name)}: changes the weights by {pushes:.1%} of their size")
    for sentence in told.sentences():
        console.print(f"[yellow]{escape(sentence)}[/]")
