"""Styles: words that are put around a prompt, one small file each in `styles/`.

title = "Watercolour"
prompt = "a watercolour of {prompt}, loose washes"
negative = "photo"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from send2trash import send2trash

from studio.errors import SettingsError
from studio.workspace import Workspace, safe_name, writing

FOLDER, PLACE = "styles", "{prompt}"


@dataclass(frozen=True)
class Style:
    """`name` is the file's; without `{prompt}` in it, its prompt comes behind the person's own."""

    name: str
    title: str
    prompt: str = ""
    negative: str = ""

    def around(self, prompt: str, negative: str) -> tuple[str, str]:
        """A prompt and a negative prompt in this style."""
        return _put(self.prompt, prompt), _put(self.negative, negative)


def styles(workspace: Workspace) -> list[Style]:
    """All styles by title; files that cannot be read are left out."""
    found = []
    for file in (workspace.root / FOLDER).glob("*.toml"):
        try:
            found.append(_read(file))
        except SettingsError:
            continue
    return sorted(found, key=lambda style: style.title.casefold())


def find_styles(workspace: Workspace, names: str) -> list[Style]:
    """The styles of these names, which commas part; raises `SettingsError` for one that is not there."""
    return [_find(workspace, name.strip()) for name in names.split(",") if name.strip()]


def in_styles(found: Sequence[Style], prompt: str, negative: str) -> tuple[str, str]:
    """A prompt and a negative prompt in these styles, one around the other."""
    for style in found:
        prompt, negative = style.around(prompt, negative)
    return prompt, negative


def save_style(workspace: Workspace, style: Style) -> Path:
    """Write a style to its file; one of that name before goes to the system's bin."""
    path = workspace.root / FOLDER / f"{safe_name(style.name or style.title)}.toml"
    if path.exists():
        send2trash(path)
    fields = {"title": style.title, "prompt": style.prompt, "negative": style.negative}
    with writing(path) as file:
        for name, value in fields.items():
            file.write(f"{name} = {json.dumps(value, ensure_ascii=False)}\n")
    return path


def bin_style(workspace: Workspace, name: str) -> None:
    """Put a style into the system's bin; raises `SettingsError` for one that is not there."""
    if name not in {style.name for style in styles(workspace)}:
        raise SettingsError(f"There is no style called “{name[:60]}”", field="style")
    send2trash(workspace.root / FOLDER / f"{name}.toml")


def _find(workspace: Workspace, name: str) -> Style:
    file = workspace.root / FOLDER / f"{name}.toml"
    if file.name == f"{name}.toml" and file.is_file():
        return _read(file)
    for style in styles(workspace):
        if style.title.casefold() == name.casefold():
            return style
    known = ", ".join(style.name for style in styles(workspace)) or "none yet"
    raise SettingsError(
        f"There is no style called “{name[:60]}”", remedy=f"Your styles are: {known}.", field="style"
    )


def _read(file: Path) -> Style:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        told = {key: str(content.get(key, "")) for key in ("title", "prompt", "negative")}
    except (OSError, ValueError) as fault:
        raise SettingsError(f"The style {file.name} cannot be read", why=str(fault), field="style") from None
    return Style(file.stem, told["title"] or file.stem, told["prompt"], told["negative"])


def _put(frame: str, words: str) -> str:
    if PLACE in frame:
        return frame.replace(PLACE, words)
    return ", ".join(part for part in (words.strip(), frame.strip()) if part) if frame.strip() else words
