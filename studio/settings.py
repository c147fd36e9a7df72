"""Settings: one declaration per setting, from which form, flag, validation and record are made.

A settings class is flat and frozen and refuses unknown keys. Each field is a `Knob`, which carries
what a person reads (label, help, group) beside what the machine checks (limits, choices).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from studio.errors import SettingsError
from studio.registry import Registry

PRESETS = Path(__file__).resolve().parent.parent / "presets"


def Knob(
    default: Any = ...,
    *,
    label: str,
    help: str,
    group: str = "",
    advanced: bool = False,
    choices: tuple[str, ...] | Registry[Any] | None = None,
    widget: str = "",
    step: float | None = None,
    nobody: str = "",
    read_by: tuple[str, ...] = (),
    **limits: Any,
) -> Any:
    """One setting.

    `choices` is a tuple of words or the registry whose plug-ins may be chosen; `widget` names a
    component of the page that is not evident from the type ("dataset", "base", "lines", "adapters",
    "hidden", "auto": a number whose 0 lets the studio choose). `nobody` is the title of choosing none
    of the plug-ins, which is kept as "". `read_by` names the settings that choose a plug-in, when this one
    matters only if that plug-in has it among its `reads` (see `unread`). `limits` are pydantic's (`ge`,
    `le`, `gt`, `min_length` …).
    """
    extra: Any = {"group": group, "advanced": advanced, "choices": choices, "widget": widget, "step": step}
    extra |= {"nobody": nobody, "read_by": read_by}
    return Field(default, title=label, description=help, json_schema_extra=extra, **limits)


@dataclass(frozen=True)
class KnobInfo:
    """A knob as forms, flags and documentation see it."""

    name: str
    type: type
    default: Any
    label: str
    help: str
    group: str
    advanced: bool
    widget: str
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    step: float | None
    nobody: str = ""
    read_by: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """True where the person must choose, because no default can be right."""
        return self.default is ...


class Settings(BaseModel):
    """Base of every settings class: frozen, flat, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Check the values; raises `SettingsError` naming the first wrong field by its label."""
        try:
            checked = cls.model_validate(dict(values))
        except ValidationError as fault:
            raise _first_fault(cls, fault) from None
        for knob in knobs(cls):
            value = getattr(checked, knob.name)
            if knob.choices and value not in knob.choices:
                raise SettingsError(
                    f"{knob.label}: “{value}” is not one of the choices",
                    remedy=f"Choose one of: {', '.join(filter(None, knob.choices))}.",
                    field=knob.name,
                )
        return checked

    @classmethod
    def layered(cls, *layers: Mapping[str, Any]) -> Self:
        """Defaults, then each layer over the one before it (a preset, what the person changed)."""
        merged: dict[str, Any] = {}
        for layer in layers:
            merged.update(layer)
        return cls.parse(merged)


def knobs(cls: type[Settings]) -> Iterator[KnobInfo]:
    """The knobs of a settings class, in the order in which they are declared."""
    for name, field in cls.model_fields.items():
        yield _knob(name, field)


def _knob(name: str, field: FieldInfo) -> KnobInfo:
    extra = field.json_schema_extra
    assert isinstance(extra, dict), f"{name} is not a Knob"
    choices: Any = extra["choices"]
    limits: dict[str, float] = {}
    for rule in field.metadata:
        for key in ("ge", "gt", "le", "lt"):
            if hasattr(rule, key):
                limits[key] = getattr(rule, key)
    default = ... if field.is_required() else field.get_default(call_default_factory=True)
    return KnobInfo(
        name=name,
        type=_plain(field.annotation),
        default=default,
        label=field.title or name,
        help=field.description or "",
        group=str(extra["group"]),
        advanced=bool(extra["advanced"]),
        widget=str(extra["widget"]),
        choices=_names(choices, bool(extra["nobody"])),
        minimum=limits.get("ge", limits.get("gt")),
        maximum=limits.get("le", limits.get("lt")),
        step=extra["step"],  # type: ignore[arg-type]
        nobody=str(extra["nobody"]),
        read_by=extra["read_by"],  # type: ignore[arg-type]
    )


def unread(cls: type[Settings], values: Mapping[str, Any]) -> frozenset[str]:
    """The knobs that no chosen plug-in reads, which a form may hide; missing values are the defaults."""
    known = {knob.name: knob for knob in knobs(cls)}

    def is_read(knob: KnobInfo) -> bool:
        chosen = ((at, values.get(at, known[at].default)) for at in knob.read_by)
        return any(knob.name in _reads(cls, at, name) for at, name in chosen)

    return frozenset(knob.name for knob in known.values() if knob.read_by and not is_read(knob))


def _reads(cls: type[Settings], setting: str, name: Any) -> frozenset[str]:
    """The knobs that the plug-in of this name reads, chosen at this setting; none where none is chosen."""
    extra = cls.model_fields[setting].json_schema_extra
    registry: Any = extra["choices"] if isinstance(extra, dict) else ()
    return next((frozenset(entry.reads) for entry in registry if entry.name == name), frozenset())


def _names(choices: Any, nobody: bool) -> tuple[str, ...]:
    names = choices.names() if isinstance(choices, Registry) else (choices or ())
    return ("", *names) if nobody else tuple(names)


def _plain(annotation: Any) -> type:
    """`int | None` is an int that may be missing, `tuple[X, ...]` a tuple."""
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    if kinds and get_origin(annotation) is not tuple:
        annotation = kinds[0]
    plain: type = get_origin(annotation) or annotation
    return plain


def _first_fault(cls: type[Settings], fault: ValidationError) -> SettingsError:
    first = fault.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return SettingsError(f"There is no setting called “{name}”", field=name)
    label = cls.model_fields[name].title or name if name in cls.model_fields else "The settings"
    if first["type"] == "missing":
        return SettingsError(f"{label} is missing", remedy="Please fill it in.", field=name)
    return SettingsError(f"{label}: {_rule(first)}", field=name)


_RULES = {
    "greater_than_equal": "must be at least {ge:g}",
    "greater_than": "must be more than {gt:g}",
    "less_than_equal": "must be at most {le:g}",
    "less_than": "must be less than {lt:g}",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "can have at most {max_length} characters",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "bool_parsing": "must be on or off",
}


def _rule(fault: Any) -> str:
    """What the value must be, in plain words."""
    if fault["type"] in _RULES:
        return _RULES[fault["type"]].format(**fault.get("ctx", {}))
    told = fault["msg"].removeprefix("Value error, ")
    return f"{told[0].lower()}{told[1:]}"


@dataclass(frozen=True)
class Preset:
    """A partial settings file: what it is for, and the values it sets.

    `families` are the models that it is meant for, `purpose` what is done with them ("subject", "style").
    """

    name: str
    title: str
    about: str
    values: Mapping[str, Any]
    families: tuple[str, ...] = ()
    purpose: str = ""


def presets(kind: str, folders: tuple[Path, ...] = ()) -> dict[str, Preset]:
    """The presets of a kind ("train"), ours first, then those in the person's own folders."""
    found: dict[str, Preset] = {}
    for folder in (PRESETS / kind, *folders):
        for file in sorted(folder.glob("*.toml")):
            found[file.stem] = read_preset(file)
    return found


def read_preset(file: Path) -> Preset:
    """Read one preset; raises `SettingsError` naming the file if it is no valid TOML."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise SettingsError(f"The preset {file.name} cannot be read", why=str(fault)) from None
    title = str(content.pop("title", file.stem))
    about = str(content.pop("about", ""))
    families = tuple(map(str, content.pop("families", ())))
    return Preset(file.stem, title, about, content, families, purpose=str(content.pop("purpose", "")))
