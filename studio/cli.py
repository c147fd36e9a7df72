"""The command line: `studio ui | caption | train | fit | generate | resume | adapter | demo | work`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from studio import adapter_commands, fit_command, generate_command
from studio.caption.settings import CaptionSettings
from studio.console import EXIT, console, do
from studio.errors import SettingsError, StudioError, explain
from studio.flags import command
from studio.generate.settings import GenerateSettings
from studio.generate_command import Json, Loras, RecipeFile
from studio.jobs.followers import follows
from studio.jobs.queue import Queue
from studio.jobs.run import Run, new_run
from studio.jobs.worker import Worker, serve_from_pipe
from studio.kinds import KINDS
from studio.presets import presets_of
from studio.train.settings import TrainSettings
from studio.workspace import Workspace

QUIET = {  # what a library would say or send by itself
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "BITSANDBYTES_NOWELCOME": "1",
}

COMMAND = os.environ.get("STUDIO_COMMAND", "studio")  # how the person called it

app = typer.Typer(
    name="studio",
    help="Teach Stable Diffusion a subject or a style, and mix the results.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(adapter_commands.app, name="adapter")

Where = Annotated[
    Path | None, typer.Option("--workspace", help="The folder with datasets, LoRAs and pictures.")
]
Preset = Annotated[str, typer.Option("--preset", help="Start from these settings: a name, or a .toml file.")]
Like = Annotated[
    Path | None, typer.Option("--like", help="Train this LoRA (.safetensors) again; says what differs now.")
]
Kohya = Annotated[
    Path | None, typer.Option("--kohya", help="Settings of kohya's trainer, a .toml or .json file.")
]


@app.command()
def ui(
    workspace: Where = None,
    port: Annotated[int | None, typer.Option(help="Where the page is; without it, a free one.")] = None,
    listen: Annotated[bool, typer.Option("--listen", help="Serve other machines too; needs --auth.")] = False,
    auth: Annotated[str, typer.Option(help="user:password, asked for by the page.")] = "",
    window: Annotated[bool, typer.Option("--window", help="A window of its own (pywebview).")] = False,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open the page."""
    if listen and not auth:
        raise SettingsError(
            "--listen lets every machine on the network in, so it needs --auth",
            remedy="Add --auth user:password, or leave --listen away.",
        )
    from studio.ui.app import serve

    opened, who = Workspace.open(workspace), _user(auth)
    serve(opened, port=port, listen=listen, auth=who, browser=browser, window=window)


def caption(given: dict[str, Any], preset: Preset = "", workspace: Where = None) -> None:
    """Write a caption beside each picture of a dataset."""
    given["dataset"] = _folder(given.get("dataset", ""))
    opened = Workspace.open(workspace)
    settings = CaptionSettings.layered(_preset("caption", preset, opened), given)
    _do(opened, "caption", settings, title=Path(settings.dataset).name)


def train(
    given: dict[str, Any],
    preset: Preset = "",
    like: Like = None,
    kohya: Kohya = None,
    workspace: Where = None,
) -> None:
    """Train a LoRA on a dataset."""
    if "dataset" in given:
        given["dataset"] = _folder(given["dataset"])
    opened = Workspace.open(workspace)
    settings = TrainSettings.layered(
        _preset("train", preset, opened), _kohya(kohya), _like(like, opened), given
    )
    _do(opened, "train", settings, title=settings.name or Path(settings.dataset).name)


def generate(
    given: dict[str, Any],
    lora: Loras = None,
    preset: Preset = "",
    workspace: Where = None,
    *,
    recipe: RecipeFile = None,
    as_json: Json = False,
) -> None:
    """Paint pictures from a prompt and a mix of LoRAs."""
    opened = Workspace.open(workspace)
    if as_json:
        generate_command.quiet()
    values = generate_command.asked(given, lora, recipe, opened)
    settings = GenerateSettings.layered(_preset("generate", preset, opened), values)
    run = new_run(opened, "generate", settings, title=generate_command.title(settings))
    try:
        _finish(opened, run)
    finally:
        if as_json:
            generate_command.print_made(opened, run)


app.command("caption")(command(CaptionSettings, caption, positional={"dataset": "DIR"}))
app.command("train")(command(TrainSettings, train))
app.command("fit")(command(TrainSettings, fit_command.fit, leave_out=frozenset({"dataset"})))
app.command("generate")(
    command(GenerateSettings, generate, positional={"prompt": "PROMPT"}, leave_out=frozenset({"adapters"}))
)


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The name of its folder in runs/.")],
    workspace: Where = None,
) -> None:
    """Go on with a job that was stopped or cut off."""
    opened = Workspace.open(workspace)
    if follows():  # started beside the process that leads, on another card
        Worker(opened, KINDS).serve([run_id])
        return
    _finish(opened, Queue(opened).read(run_id))


@app.command()
def demo(workspace: Where = None) -> None:
    """Caption, train and mix the sample pictures, and write a contact sheet and a report."""
    from studio.demo import run_demo

    run_demo(Workspace.open(workspace))


@app.command(hidden=True)
def work(runs: Annotated[list[str] | None, typer.Argument()] = None, workspace: Where = None) -> None:
    """Do the jobs whose names are given, or come in on standard input."""
    opened = Workspace.open(workspace)
    if runs:
        Worker(opened, KINDS).serve(runs)
    else:
        serve_from_pipe(opened, KINDS)


def main() -> None:
    """Run the command line; a fault is one sentence, and the exit code tells the truth."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        app(prog_name=COMMAND)
    except StudioError as fault:
        _leave(fault)
    except OSError as fault:
        _leave(explain(fault))
    except KeyboardInterrupt:
        sys.exit(130)


def _leave(fault: StudioError) -> None:
    console.print(f"[red]{escape(str(fault))}[/]")
    sys.exit(fault.exit_code)


def _do(workspace: Workspace, kind: str, settings: Any, *, title: str) -> None:
    _finish(workspace, new_run(workspace, kind, settings, title=title))


def _finish(workspace: Workspace, run: Run) -> None:
    ended = do(Worker(workspace, KINDS), run)
    if ended.outcome in ("stopped", "paused"):
        console.print(f"To go on: {COMMAND} resume {run.id}")
    raise typer.Exit(EXIT[ended.outcome])


def _like(file: Path | None, workspace: Workspace) -> dict[str, Any]:
    """The settings of a LoRA's file; what is different now is said."""
    if file is None:
        return {}
    from studio.train.like import like

    found = like(file, workspace)
    for difference in found.differences or ("Nothing differs from when it was trained.",):
        console.print(escape(difference))
    return found.settings.model_dump(mode="json")


def _kohya(file: Path | None) -> Mapping[str, Any]:
    """The settings in a file of kohya's trainer; what has no counterpart is said."""
    if file is None:
        return {}
    from studio.train.kohya import read_kohya

    found = read_kohya(file)
    for note in found.notes:
        console.print(escape(note))
    return found.values


def _folder(text: str) -> str:
    """A dataset given as a folder, relative to where the person is, or by its name in the workspace."""
    folder = Path(text).expanduser()
    return str(folder.resolve()) if text and folder.is_dir() else text


def _user(text: str) -> tuple[str, str] | None:
    """`user:password`; raises `SettingsError` where half of it is missing."""
    user, _, password = text.partition(":")
    if text and not (user and password):
        raise SettingsError("--auth needs a user and a password", remedy="Write it as user:password.")
    return (user, password) if text else None


def _preset(kind: str, name: str, workspace: Workspace) -> Mapping[str, Any]:
    if not name:
        return {}
    if name.endswith(".toml"):
        from studio.settings import read_preset

        return read_preset(Path(name)).values
    known = presets_of(workspace, kind)
    if name not in known:
        raise SettingsError(
            f"There is no preset called “{name}”", remedy=f"Choose one of: {', '.join(known)}."
        )
    return known[name].preset.values
