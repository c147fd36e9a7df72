"""Markup: HTML of the page from the templates, in which everything from outside is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader

HERE = Path(__file__).parent


def render(template: str, **values: Any) -> str:
    """The HTML of `templates/<template>.html`; jinja escapes every value that is put in."""
    return _templates().get_template(f"{template}.html").render(**values)


@cache
def _templates() -> Environment:
    folder = FileSystemLoader(HERE / "templates")
    environment = Environment(loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(url=picture_url, size=size_in_words, left=time_left)
    return environment


def picture_url(path: Path | str) -> str:
    """Where the page serves this picture."""
    return "gradio_api/file=" + quote(Path(path).as_posix())


def size_in_words(count: int) -> str:
    """A number of bytes as people say it: “1.6 MB”."""
    size, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 10 or unit in ("B", "KB") else f"{size:.1f} {unit}"


def time_left(seconds: float | None) -> str:
    """How long something still takes, no more exactly than one can know it."""
    if seconds is None:
        return ""
    if seconds < 50:
        return f"{max(5, round(seconds / 5) * 5)} seconds left" if seconds >= 2 else "a moment left"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{max(1, minutes)} min left"
    return f"{seconds / 3600:.1f} hours left"
