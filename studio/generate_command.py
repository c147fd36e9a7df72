"""The command `studio generate`: what the tab Generate does, with recipes in and out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from studio.console import console
from studio.errors import SettingsError
from studio.generate.settings import GenerateSettings
from studio.jobs.events import Artifact, EventLog
from studio.jobs.run import Run
from studio.workspace import Workspace

Loras = Annotated[
    list[str] | None, typer.Option("--lora", help="A LoRA and its weight, such as fox:0.8; may be repeated.")
]
RecipeFile = Annotated[
    Path | None,
    typer.Option("--recipe", help="Paint this picture again: a PNG, JPEG or WebP of any program, or JSON."),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the pictures and their recipes as JSON, and nothing else.")
]
INPUTS = ("image", "mask")


def asked(
    given: Mapping[str, Any], lora: Sequence[str] | None, recipe: Path | None, workspace: Workspace
) -> dict[str, Any]:
    """The values that flags and a recipe give, flags first; what the recipe lacks here is said."""
    values = _restored(recipe, workspace) if recipe is not None else {}
    values |= given
    if lora:
        values["adapters"] = [read_mix(one) for one in lora]
    for name in INPUTS:
        path = Path(str(values.get(name) or "")).expanduser()
        if name in given and path.is_file():
            from studio.generate.inputs import keep

            values[name] = str(keep(workspace, path.resolve()))
    return values


def title(settings: GenerateSettings) -> str:
    """What the run is called."""
    return settings.prompt[:60]


def quiet() -> None:
    """Let only the JSON go to standard output."""
    console.file = sys.stderr


def print_made(workspace: Workspace, run: Run) -> None:
    """Print what a run made as a JSON list: `path`, `kind` (picture or sheet) and `recipe` of each."""
    from studio.generate.recipe import read_recipe

    made = [event for event in EventLog(run.folder(workspace)).since()[0] if isinstance(event, Artifact)]
    told = [
        {"path": each.path, "kind": each.what, "recipe": json.loads(read_recipe(Path(each.path)).to_json())}
        for each in made
        if each.what in ("picture", "sheet")
    ]
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")


def read_mix(text: str) -> dict[str, Any]:
    """`name`, or `name:weight`; raises `SettingsError` for a weight that is no number."""
    name, colon, weight = text.rpartition(":")
    if not colon:
        return {"name": text}
    try:
        return {"name": name, "weight": float(weight)}
    except ValueError:
        raise SettingsError(
            f"--lora {text}: “{weight}” is not a number", remedy="Write it as name:0.8.", field="adapters"
        ) from None


def _restored(file: Path, workspace: Workspace) -> dict[str, Any]:
    from studio.generate.recipe import read_recipe
    from studio.generate.restoring import restore

    restored = restore(read_recipe(file), workspace)
    for note in restored.notes:
        console.print(escape(note))
    return restored.values
