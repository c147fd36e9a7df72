"""Commands that make new files of LoRAs: the tools of the workbench, a flag for each of their settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from studio.adapter_commands._common import Where, app, weighted
from studio.console import EXIT, do
from studio.flags import command
from studio.jobs.run import new_run
from studio.jobs.worker import Worker
from studio.kinds import KINDS
from studio.workbench.tools import TOOLS
from studio.workbench.tools._base import Tool
from studio.workspace import Workspace

ELSEWHERE = {"clashes"}  # has a command of its own, which prints what it finds
POSITIONAL = {"extract": {"tuned": "MODEL"}, "unpickle": {"file": "FILE"}}
Loras = Annotated[
    list[str] | None, typer.Argument(metavar="LORA", help="A name or file, with a weight such as fox:0.8.")
]


def _work(tool: Tool, given: dict[str, Any], loras: list[str], workspace: Workspace) -> None:
    parts = [{"name": name, "weight": weight} for name, weight in map(weighted, loras)]
    tool.demand_loras(len(parts))
    settings = tool.settings.parse({**given, "task": tool.name, "loras": parts})
    ended = do(Worker(workspace, KINDS), new_run(workspace, "workbench", settings, title=tool.title))
    raise typer.Exit(EXIT[ended.outcome])


def _command(tool: Tool) -> Callable[..., None]:
    def of_loras(given: dict[str, Any], loras: Loras = None, workspace: Where = None) -> None:
        _work(tool, given, loras or [], Workspace.open(workspace))

    def of_a_file(given: dict[str, Any], workspace: Where = None) -> None:
        _work(tool, given, [], Workspace.open(workspace))

    run = of_loras if tool.most else of_a_file
    run.__doc__ = tool.about
    hidden = frozenset({"task", "loras"})
    return command(tool.settings, run, positional=POSITIONAL.get(tool.name), leave_out=hidden)


for _tool in TOOLS:
    if _tool.name not in ELSEWHERE:
        app.command(_tool.name)(_command(_tool))
