"""The command `studio fit`: what trainings need of a card, with none present."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from studio.console import console
from studio.errors import ModelError, SettingsError
from studio.families import FAMILIES
from studio.settings import presets
from studio.workspace import Workspace

if TYPE_CHECKING:
    from studio.memory.fit import Fit
    from studio.train.settings import TrainSettings

Family = Annotated[str, typer.Option("--family", help="Only this family, such as sdxl; empty: all.")]
Size = Annotated[float, typer.Option("--card", help="GB of the card; 0 is the one in this machine.", min=0)]
Preset = Annotated[str, typer.Option("--preset", help="These settings in place of the defaults.")]
Json = Annotated[bool, typer.Option("--json", help="The same as JSON.")]
Where = Annotated[Path | None, typer.Option("--workspace", help="The folder of the studio.")]


def fit(
    given: dict[str, Any],
    *,
    family: Family = "",
    card: Size = 0,
    preset: Preset = "",
    as_json: Json = False,
    workspace: Where = None,
) -> None:
    """Say whether trainings fit on a card; each new one takes up to half a minute to find out."""
    from studio.memory.fit import card_of, this_machine
    from studio.train.fitting import work_out

    opened = Workspace.open(workspace)
    precision = given.get("precision", "auto")
    where = card_of(card, "bf16" if precision == "auto" else precision) if card else this_machine()
    found: dict[str, Fit] = {}
    for title, settings in _wanted(given, family, preset):
        if not as_json:
            console.print(f"{title} …", end="\r")
        found[title] = work_out(settings, opened, where)
    if as_json:
        print(json.dumps({title: {**asdict(each), "needs": each.needs} for title, each in found.items()}))
    else:
        console.print(table(found))


def table(found: Mapping[str, Fit]) -> Table:
    """A row for each training, a column for each phase."""
    from studio.memory.fit import in_words

    drawn = Table(box=None)
    names = {phase.name: phase.title for each in found.values() for phase in each.phases}
    for column in ("", *names.values(), "On the card", ""):
        drawn.add_column(column, justify="right" if column else "left")
    for title, each in found.items():
        sizes = {phase.name: in_words(phase.bytes) for phase in each.phases}
        drawn.add_row(title, *(sizes.get(name, "") for name in names), in_words(each.needs), each.verdict)
    return drawn


def _wanted(given: Mapping[str, Any], family: str, preset: str) -> Iterator[tuple[str, TrainSettings]]:
    """The base that was named, or the presets of each family, or its defaults where it has none."""
    from studio.train.settings import TrainSettings

    known = presets("train")
    if preset and preset not in known:
        raise SettingsError(
            f"There is no preset called “{preset}”", remedy=f"Choose one of: {', '.join(known)}."
        )
    layers: list[Mapping[str, Any]] = [{"dataset": "-"}]
    if preset:
        layers.append(known[preset].values)
    if "base" in given or preset:
        settings = TrainSettings.layered(*layers, given)
        yield preset or settings.base, settings
        return
    for one in [FAMILIES.get(family)] if family else FAMILIES:
        for name, values in {one.title: {}, **_presets_of(one.suggested)}.items():
            if _has_sizes(one.name):
                yield name, TrainSettings.layered(*layers, values, given, {"base": one.name})


def _presets_of(suggested: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    return {
        each.title: each.values for each in presets("train").values() if each.values.get("base") in suggested
    }


def _has_sizes(family: str) -> bool:
    from studio.memory.blueprints import blueprint

    try:
        blueprint(family, Workspace(Path()))
    except ModelError:
        return False
    return True
