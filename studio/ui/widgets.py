"""Widgets of our own, on gradio's HTML component: the server says what is to be seen, a script
in `assets/` brings the page to it without losing focus, scroll position or what is being typed.

They are made by functions, for gradio writes a `.pyi` beside the file of every component class.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from studio.errors import StudioError
from studio.workspace import free_path, safe_name

AS_KEPT = "0"  # of a keeper: the form holds what was kept, without a change
ARGUMENTS = "{element, trigger, props, server, upload, watch}"


def live(elem_id: str, *events: str, value: str = "", **more: Any) -> gr.HTML:
    """A piece of page whose value is HTML from a template.

    A press on an element with `data-act` arrives as the event `act`, or as the one of `events` that
    its `data-event` names, carrying its data attributes.
    """
    return _widget("live", elem_id, ("act", *events), value, **more)


def bring(elem_id: str, accept: str, servant: Callable[..., Any]) -> gr.HTML:
    """A place to drop pictures on, or to choose them; it asks which dataset they are for.

    Its value is JSON: the `names` of the datasets, the `current` one, and how far `bringing` is. Events:
    `begun` when files were chosen, `dropped` with `files` and `dataset`, `placed` with the `place` of a
    folder, which `servant` has found good, `fetched` with a hub `id`.
    """
    events = ("begun", "dropped", "placed", "fetched")
    return _widget("bring", elem_id, events, "", accept=accept, server_functions=[servant])


def bench(elem_id: str, servant: Callable[..., Any]) -> gr.HTML:
    """The workbench of a dataset, on what `servant` answers.

    Its value is JSON: the `dataset` and a mark that changes when there is something to fetch. Events:
    `again` with the `names` of pictures to caption, `train` with the `dataset` and its `aim`.
    """
    return _widget("bench", elem_id, ("again", "train"), "", server_functions=[servant])


def mixer(elem_id: str, servant: Callable[..., Any], **more: Any) -> gr.HTML:
    """A card for each adapter: value the rows of the mix, as dictionaries of the knobs of `Mix`.

    A `shelf` says what there is to mix; `servant` answers the rest. Events: `released` when a weight
    has come to rest, `compared` to see each alone, `dropped` with `files` for new ones.
    """
    return _widget(
        "mixer", elem_id, ("released", "compared", "dropped"), [], server_functions=[servant], **more
    )


def prompting(elem_id: str, servant: Callable[..., Any]) -> gr.HTML:
    """The line under the prompt: tokens, and earlier prompts; its value is the base model."""
    return _widget("prompting", elem_id, (), "", server_functions=[servant])


def easel(elem_id: str, servant: Callable[..., Any]) -> gr.HTML:
    """The picture that is looked at; its value is JSON as `PicturesView.easel` makes it. Event: `act`."""
    return _widget("easel", elem_id, ("act",), "", server_functions=[servant])


def gallery(elem_id: str, servant: Callable[..., Any]) -> gr.HTML:
    """Everything painted; its value changes when there is something to fetch.

    Events: `act` with a `picture` to look at, `carried` with a `dataset` and the room it is for.
    """
    return _widget("gallery", elem_id, ("act", "carried"), "", server_functions=[servant])


def source(elem_id: str, servant: Callable[..., Any]) -> gr.HTML:
    """The picture to start from: its value is the place of the file that was kept."""
    return _widget("source", elem_id, (), "", server_functions=[servant])


def axes(elem_id: str, servant: Callable[..., Any]) -> gr.HTML:
    """The axes of a sheet: its value is a line for each, as `read_axes` reads them."""
    return _widget("axes", elem_id, (), "", server_functions=[servant])


def held(elem_id: str, value: Any = "") -> gr.HTML:
    """A field that shows nothing itself: another widget of the page sets it."""
    return _widget("held", elem_id, (), value)


def drops(elem_id: str) -> gr.HTML:
    """Takes files that are dropped anywhere in the room. Events, with `files`: `pictures`, `adapters`."""
    return _widget("drops", elem_id, ("pictures", "adapters"), "")


def keeper(elem_id: str) -> gr.HTML:
    """Tells by the event `changed`, with the `window`, that something in its desk was changed.

    A new value, by `kept_now`, says that it is kept now; `AS_KEPT` that the form holds what was kept before.
    """
    return _widget("keeper", elem_id, ("changed",), "")


def kept_now(event: gr.EventData) -> str:
    """The answer to a keeper's event: it begins with the number of the change."""
    told = event._data if isinstance(event._data, dict) else {}
    return f"{told.get('changes', '')} {time.time_ns()}"


def memo(elem_id: str, value: str, **more: Any) -> gr.HTML:
    """Text that the page keeps for the server and does not show; when it changes, the desk is kept."""
    return _widget("memo", elem_id, (), value, **more)


def heart(elem_id: str) -> gr.HTML:
    """Asks by the event `beat` what is new, more often while something happens: a new value says so."""
    return _widget("heart", elem_id, ("beat",), "")


def import_box(elem_id: str, accept: str) -> gr.HTML:
    """A place for a file of settings, chosen or dropped in its room; event `dropped` with `files`."""
    return _widget("importBox", elem_id, ("dropped",), "", accept=accept)


def shelf(elem_id: str) -> gr.HTML:
    """What the mixer knows of the library, as JSON text; shows nothing itself.

    A component of its own, for gradio drops one property of an HTML component when another is set
    before the browser has put it on the page.
    """
    return _widget("shelf", elem_id, (), "")


def loras(elem_id: str, servant: Callable[..., Any]) -> gr.HTML:
    """The library of LoRAs as cards, on what `servant` answers.

    Its value is JSON: a mark that changes when there is something to fetch. Events: `used` and `chosen`
    with `names`.
    """
    return _widget("loras", elem_id, ("used", "chosen"), "", server_functions=[servant])


def drop_loras(elem_id: str, accept: str) -> gr.HTML:
    """A place to drop LoRA files on, or to choose them. Event: `dropped` with `files`."""
    return _widget("droploras", elem_id, ("dropped",), "", accept=accept)


def picks(elem_id: str) -> gr.HTML:
    """The LoRAs that are chosen in the library: value `[{name, weight}]`."""
    return _widget("picks", elem_id, (), [])


def _widget(name: str, elem_id: str, events: tuple[str, ...], value: Any, **more: Any) -> gr.HTML:
    quoted = ", ".join(f'"{event}"' for event in events)
    return gr.HTML(
        value,
        html_template=f'<div class="{name}"></div>',
        js_on_load=f"studio.{name}({ARGUMENTS}, [{quoted}])",
        apply_default_css=False,
        elem_id=elem_id,
        **more,
    )


@contextmanager
def uploaded(files: list[dict[str, str]]) -> Iterator[Path]:
    """A folder with what the page has just uploaded (`{path, name}`), under its own names.

    Gradio gives each upload a folder of its own and a simpler name; a caption must find its picture.
    Raises `StudioError` for a path that is no upload.
    """
    uploads = Path(get_upload_folder()).resolve()
    with TemporaryDirectory(prefix="studio-") as folder:
        for file in files:
            source = Path(file["path"]).resolve()
            if not source.is_relative_to(uploads):
                raise StudioError("These files did not come through the page", remedy="Drop them once more.")
            parts = [safe_name(part) for part in PurePosixPath(file["name"]).parts if part != "/"]
            target = Path(folder, *parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            _put(source, free_path(target))
        yield Path(folder)


def _put(source: Path, target: Path) -> None:
    """The same file under another name, copied only where that takes another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
