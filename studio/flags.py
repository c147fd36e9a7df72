"""Command-line flags made from settings classes: one knob, one flag, the same help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from studio.settings import KnobInfo, Settings, knobs


def command(
    settings: type[Settings],
    run: Callable[..., None],
    *,
    positional: Mapping[str, str] | None = None,
    leave_out: frozenset[str] = frozenset(),
) -> Callable[..., None]:
    """A typer command with a flag for each knob of `settings`, in front of `run`'s own flags.

    `positional` names the knobs given without a flag, and how they are called in the help.
    `run` receives what the person gave as `given: dict`, and its own keyword arguments.
    """
    named = positional or {}
    made = [
        _parameter(knob, named.get(knob.name, "")) for knob in knobs(settings) if knob.name not in leave_out
    ]
    own = [one for one in inspect.signature(run, eval_str=True).parameters.values() if one.name != "given"]

    def called(**values: Any) -> None:
        asked = {one.name: values.pop(one.name) for one in made}
        run(given={name: value for name, value in asked.items() if value is not None}, **values)

    called.__doc__ = run.__doc__
    called.__signature__ = inspect.Signature([*made, *own])  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in (*made, *own)}
    return called


def _parameter(knob: KnobInfo, metavar: str) -> inspect.Parameter:
    told = _help(knob)
    kind: Any = list[str] if knob.type is tuple else knob.type  # a list is a flag that may be repeated
    info: Any
    if metavar:
        info = typer.Argument(metavar=metavar, help=told, show_default=False)
    else:
        flag = "--" + knob.name.replace("_", "-")
        names = (f"{flag}/--no-{flag[2:]}",) if knob.type is bool else (flag,)
        info = typer.Option(*names, help=told, show_default=False, rich_help_panel=knob.group or "Settings")
    return inspect.Parameter(
        knob.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=None,
        annotation=Annotated[kind | None, info],
    )


def _help(knob: KnobInfo) -> str:
    told = f"{knob.label}. {knob.help}"
    if knob.choices:
        told += f" One of: {', '.join(filter(None, knob.choices))}."
    if not knob.required and knob.default not in ("", ()):
        told += f" Default: {_word(knob.default).removesuffix('.')}."
    return told


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
