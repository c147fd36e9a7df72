"""The page: built from its rooms, and served on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from studio.data.dataset import dataset_folder, list_datasets
from studio.jobs.dispatcher import Dispatcher
from studio.kinds import KINDS
from studio.ui import theme
from studio.ui.captioning.aim import is_base_chosen
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.guard import Guard
from studio.ui.guide import Guide
from studio.ui.library import family_title
from studio.ui.markup import render
from studio.ui.pulse import Pulse
from studio.ui.serving import announce, farewell, on_free_port, show
from studio.ui.status import status
from studio.ui.tabs.caption import CaptionRoom
from studio.ui.tabs.generate import GenerateRoom
from studio.ui.tabs.loras import LorasRoom
from studio.ui.tabs.train import TrainRoom
from studio.ui.widgets import live
from studio.workspace import Workspace

TITLE = "LoRA Studio"
HOUR, DAY = 3600, 86_400
REST = 0.01  # seconds between two looks of gradio at its queue; its own 1,000 a second keep a processor awake
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build(workspace: Workspace, dispatcher: Dispatcher | None = None) -> gr.Blocks:
    """The page for a workspace; nothing runs yet. Live previews come from the dispatcher."""
    desk = Desk(workspace, dispatcher)
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(HOUR, DAY)) as page:
        pulse = Pulse(desk)
        header = live("header", value=render("header"))
        guide = Guide(desk, pulse)
        with gr.Tabs(elem_id="rooms") as rooms:
            with gr.Tab("Caption", id="caption"):
                caption = CaptionRoom(desk, pulse)
            with gr.Tab("Train", id="train") as door:
                train = TrainRoom(desk, pulse)
            with gr.Tab("Generate", id="generate"):
                generate = GenerateRoom(desk, pulse)
            with gr.Tab("LoRAs", id="loras"):
                loras = LorasRoom(desk, pulse, generate.library)
        for tab in rooms.children:
            tab.select(_named(tab), None, pulse.room, queue=False, **QUIET)
        entering = train.form.inputs(train.form.before)
        door.select(kindly(train.entered), entering, train.filling(), **QUIET)
        pulse.show(live("status"), lambda _: status(desk), stirs=False)
        for room in (caption, train, generate):
            page.load(kindly(room.opened), None, room.filling(), **QUIET)
        guide.wire(rooms, header, caption=caption, train=train, generate=generate)
        _from_train_to_generate(train, generate, rooms)
        _from_caption_to_train(caption, train, rooms)
        _from_loras_to_generate(loras, generate, rooms)
        _from_generate(generate, caption, train, rooms)
        pulse.start(page)
    return page


def _named(tab: gr.Tab) -> Callable[[], str]:
    return lambda: str(tab.id)


def _from_train_to_generate(train: TrainRoom, generate: GenerateRoom, rooms: gr.Tabs) -> None:
    @kindly
    def tried(rows: list[dict[str, Any]] | None, event: gr.EventData) -> dict[Any, Any]:
        return {**generate.try_adapter(rows, event), rooms: gr.update(selected="generate")}

    train.stage.tried(tried, generate.mixer, [*generate.filling(), rooms], **QUIET)


def _from_caption_to_train(caption: CaptionRoom, train: TrainRoom, rooms: gr.Tabs) -> None:
    @kindly
    def carried(given: dict[Any, Any], event: gr.EventData) -> dict[Any, Any]:
        (base, trigger, class_word, _), dataset = event._data["aim"], str(event._data["dataset"])
        values = {"dataset": dataset, "class_word": class_word}
        values |= {"trigger": trigger} if trigger else {}
        if is_base_chosen(train.desk.workspace, dataset_folder(train.desk.workspace, dataset)):
            values["base"] = base
        return {**train.carried(given, values), rooms: gr.update(selected="train")}

    caption.bench.train(carried, train.inputs(), [*train.filling(), rooms], **QUIET)


def _from_loras_to_generate(loras: LorasRoom, generate: GenerateRoom, rooms: gr.Tabs) -> None:
    @kindly
    def used(rows: list[dict[str, Any]] | None, now: str | None, event: gr.EventData) -> dict[Any, Any]:
        prompt = {"prompt": event._data["prompt"]} if event._data.get("prompt") else {}
        mix = loras.used(event)
        base = loras.library.base_for([row["name"] for row in mix], now or "")
        changed = {**prompt, **({"base": base} if base else {})}
        if base:
            gr.Info(f"The base is {family_title(loras.library.family(base))} now, which it was made for.")
        return {**generate.mixed(mix, rows, **changed), rooms: gr.update(selected="generate")}

    outputs = [*generate.filling(), rooms]
    for event in (loras.grid.used, loras.result.used, loras.result.picked):
        event(used, [generate.mixer, generate.fields["base"]], outputs, **QUIET)


def _from_generate(generate: GenerateRoom, caption: CaptionRoom, train: TrainRoom, rooms: gr.Tabs) -> None:
    """Pictures that were made into a dataset, to be captioned or trained on."""

    boxes = {"caption": caption.form.fields["dataset"], "train": train.form.fields["dataset"]}

    def open_room(to: str, dataset: str) -> dict[Any, Any]:
        names = gr.update(choices=list_datasets(generate.desk.workspace), value=dataset)
        return {boxes[to]: names, rooms: gr.update(selected=to)}

    @kindly
    def carried(event: gr.EventData) -> dict[Any, Any]:
        return open_room(str(event._data["to"]), str(event._data["dataset"]))

    @kindly
    def sent(event: gr.EventData) -> dict[Any, Any]:
        to, picture = str(event._data["value"]), str(event._data["picture"])
        return open_room(to, generate.returning.as_dataset(picture)) if to in boxes else {rooms: gr.skip()}

    generate.gallery.carried(carried, None, [*boxes.values(), rooms], **QUIET)
    generate.recipe.sent(sent, None, [*boxes.values(), rooms], **QUIET)


def serve(
    workspace: Workspace,
    *,
    port: int | None = None,
    listen: bool = False,
    auth: tuple[str, str] | None = None,
    browser: bool = True,
    window: bool = False,
) -> None:
    """Serve the page until Ctrl+C, on this machine only unless `listen`."""
    dispatcher = Dispatcher(workspace, KINDS)
    page = build(workspace, dispatcher)
    on_free_port(port, lambda free: launch(page, workspace, port=free, listen=listen, auth=auth))
    dispatcher.start()
    try:
        show(announce(page.local_url), browser=browser, window=window)
    except KeyboardInterrupt:
        print()
    finally:
        page.close(verbose=False)
        dispatcher.close()
        if left := farewell(dispatcher.queue):
            print(left, flush=True)


def launch(
    page: gr.Blocks,
    workspace: Workspace,
    *,
    port: int,
    listen: bool = False,
    auth: tuple[str, str] | None = None,
) -> None:
    """Start the server in a thread of its own; raises `OSError` if the port was taken in the meantime."""
    page.launch(
        server_name="0.0.0.0" if listen else "127.0.0.1",
        server_port=port,
        auth=auth,
        theme=theme.Studio(),
        css=theme.css(),
        head=theme.head(),
        allowed_paths=[
            str(path) for path in (workspace.outputs, workspace.runs, workspace.cache / "thumbnails")
        ],
        blocked_paths=[],
        app_kwargs={"middleware": [_guard(local=not listen)], "openapi_url": None},
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        share=False,
        ssr_mode=False,
        mcp_server=False,
        prevent_thread_lock=True,
        quiet=True,
    )
    page._queue.sleep_when_free = max(REST, page._queue.sleep_when_free)


def _guard(*, local: bool) -> object:
    from starlette.middleware import Middleware

    return Middleware(Guard, local=local)
