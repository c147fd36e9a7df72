"""Commands that make new adapter files of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.adapter_commands._common import (
    Base,
    Energy,
    File,
    Numbers,
    Rank,
    To,
    Weighted,
    Where,
    app,
    bar_of,
    file_of,
    open_base,
    read_for,
    said,
    save_merged,
    target_of,
    weighted,
    weights_of,
)
from studio.errors import AdapterError
from studio.workspace import Workspace


@app.command()
def merge(
    loras: Weighted,
    to: To,
    rank: Rank = 0,
    rule: Annotated[str, typer.Option(help="sum, ties or dare.")] = "sum",
    precision: Numbers = "fp16",
    workspace: Where = None,
) -> None:
    """Make one LoRA of several; without --rank exactly, with it the nearest of that rank."""
    from studio.adapters.workbench.loose import read_loose
    from studio.adapters.workbench.merging import merge as merged_of

    opened = Workspace.open(workspace)
    parts = [(read_loose(file_of(name, opened)), weight) for name, weight in map(weighted, loras)]
    with bar_of("Merging") as progress:
        merged = merged_of(parts, rank=rank, rule=rule, progress=progress)
    note = f"{rule} of " + ", ".join(f"{loose.name}:{weight:g}" for loose, weight in parts)
    save_merged(target_of(to, opened), merged, [loose for loose, _ in parts], (note, precision))


@app.command()
def resize(
    file: File,
    to: To,
    rank: Rank = 0,
    energy: Energy = 1.0,
    precision: Numbers = "fp16",
    workspace: Where = None,
) -> None:
    """Make a LoRA smaller, by --rank or by --energy; other kinds become LoRAs by it."""
    from studio.adapters.workbench.loose import read_loose
    from studio.adapters.workbench.reshaping import resize as resized

    opened = Workspace.open(workspace)
    loose = read_loose(file_of(file, opened))
    with bar_of("Resizing") as progress:
        merged = resized(loose, rank=rank, energy=energy, progress=progress)
    save_merged(target_of(to, opened), merged, [loose], (f"{loose.name}, resized", precision))


@app.command()
def extract(
    tuned: Annotated[str, typer.Argument(metavar="MODEL", help="A fine-tuned model, by name or path.")],
    to: To,
    base: Base = "pocket",
    rank: Rank = 32,
    energy: Energy = 1.0,
    workspace: Where = None,
) -> None:
    """Take the difference of a fine-tuned model and its base out as a LoRA."""
    from studio.adapters.keying import kohya_changes
    from studio.adapters.metadata import AdapterFacts
    from studio.adapters.naming import layer_table
    from studio.adapters.workbench.extraction import extract as extracted
    from studio.adapters.writing import write_adapter

    opened = Workspace.open(workspace)
    theirs, model = open_base(tuned, opened), open_base(base, opened)
    table, target = layer_table(model), target_of(to, opened)
    with bar_of("Extracting") as progress:
        changes, kept = extracted(
            weights_of(theirs), weights_of(model), table.layers, rank=rank, energy=energy, progress=progress
        )
    facts = AdapterFacts(
        title=target.stem,
        architecture=model.family.architecture,
        base_version=model.family.base_version,
        base=base,
        base_hash=model.base_hash,
        merged_from=f"{Path(tuned).stem} ({theirs.base_hash[:12]})",
    )
    write_adapter(target, kohya_changes(changes, table), facts.to_metadata())
    said(target, f"It keeps {kept:.1%} of the difference.")


@app.command()
def bake(
    base: Annotated[str, typer.Argument(metavar="BASE", help="A base model, by its name or path.")],
    loras: Weighted,
    to: Annotated[Path, typer.Option("--to", help="The new checkpoint, or folder.")],
    workspace: Where = None,
) -> None:
    """Make LoRAs part of a copy of a base model."""
    from studio.adapters.mixing import Portion
    from studio.adapters.naming import layer_table
    from studio.adapters.workbench.baking import bake as baked
    from studio.models.source import resolve

    opened = Workspace.open(workspace)
    model = open_base(base, opened)
    portions = [Portion(read_for(name, model, opened), weight) for name, weight in map(weighted, loras)]
    with bar_of("Baking") as progress:
        baked(resolve(base, opened).path, to, portions, layer_table(model), progress)
    said(to)


@app.command()
def convert(
    file: File,
    to: To,
    base: Base = "pocket",
    form: Annotated[str, typer.Option("--format", help="kohya, diffusers or peft.")] = "kohya",
    agree: Annotated[bool, typer.Option("--agree", help="Open an old file that I trust.")] = False,
    workspace: Where = None,
) -> None:
    """Write a LoRA in another format; an old .pt or .ckpt file becomes .safetensors."""
    from studio.adapters.naming import layer_table
    from studio.adapters.workbench.conversion import convert as converted
    from studio.adapters.workbench.pickles import ENDINGS, convert_pickle

    opened = Workspace.open(workspace)
    if Path(file).suffix.lower() in ENDINGS:
        said(convert_pickle(Path(file), target_of(to, opened), agreed=agree))
        return
    model = open_base(base, opened)
    target = Path(to) if form == "peft" else target_of(to, opened)
    said(converted(read_for(file, model, opened), layer_table(model), target, to=form))


@app.command()
def split(file: File, workspace: Where = None) -> None:
    """Make two LoRAs of one: what paints, and what is in the text encoders."""
    from studio.adapters.workbench.loose import read_loose
    from studio.adapters.workbench.merging import Merged
    from studio.adapters.workbench.reshaping import split as parted

    opened = Workspace.open(workspace)
    loose = read_loose(file_of(file, opened))
    for part, end in zip(parted(loose), ("picture", "words"), strict=True):
        if part.changes:
            target = target_of(f"{loose.name} {end}", opened)
            save_merged(target, Merged(part.changes, 1.0), [loose], (f"The {end} of {loose.name}", "fp16"))


@app.command()
def prune(
    file: File,
    to: To,
    block: Annotated[list[str], typer.Option(help="Such as mid_block, up_blocks.1, text; may be repeated.")],
    workspace: Where = None,
) -> None:
    """Take the layers of some blocks out."""
    from studio.adapters.workbench.loose import read_loose
    from studio.adapters.workbench.merging import Merged
    from studio.adapters.workbench.reshaping import prune as pruned

    opened = Workspace.open(workspace)
    loose = read_loose(file_of(file, opened))
    note = f"{loose.name} without {', '.join(block)}"
    save_merged(target_of(to, opened), Merged(pruned(loose, block).changes, 1.0), [loose], (note, "fp16"))


@app.command()
def metadata(
    file: File,
    to: To,
    put: Annotated[list[str] | None, typer.Option("--set", help="Such as modelspec.author=Ada.")] = None,
    strip: Annotated[bool, typer.Option("--strip", help="Take all words out but the hashes.")] = False,
    workspace: Where = None,
) -> None:
    """Write the same weights under other metadata."""
    from studio.adapters.workbench.saving import rewrite_metadata

    opened = Workspace.open(workspace)
    pairs = [each.partition("=") for each in put or []]
    if wrong := next((key for key, equals, _ in pairs if not equals), ""):
        raise AdapterError(f"--set {wrong} cannot be used", remedy="Write it as modelspec.author=Ada.")
    target = target_of(to, opened)
    rewrite_metadata(
        file_of(file, opened), target, changes={key: text for key, _, text in pairs}, strip=strip
    )
    said(target)
