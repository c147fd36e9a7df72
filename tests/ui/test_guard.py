"""The guard: another site gets nothing done here, and files that are no pictures stay here."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from studio.ui.guard import Guard, servable

HOME = "http://127.0.0.1:7860"


def client(local: bool = True) -> TestClient:
    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("done")

    routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Guard, local=local)]), base_url=HOME)


@pytest.mark.parametrize("origin", ["https://example.org", "http://127.0.0.1:9999", "null"])
def test_a_page_of_another_site_cannot_press_a_button(origin: str) -> None:
    assert client().post("/gradio_api/run/predict", headers={"origin": origin}).status_code == 403


def test_the_studios_own_page_can() -> None:
    assert client().post("/gradio_api/run/predict", headers={"origin": HOME}).text == "done"
    assert client().get("/").text == "done"


def test_a_name_that_only_leads_here_is_refused() -> None:
    assert client().get("/", headers={"host": "evil.example:7860"}).status_code == 403
    assert client(local=False).get("/", headers={"host": "studio.home:7860"}).text == "done"


def test_a_link_elsewhere_may_open_the_page_but_not_embed_its_pictures() -> None:
    opening = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client().get("/", headers=opening).text == "done"
    embedding = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert client().get("/gradio_api/file=/w/outputs/a.png", headers=embedding).status_code == 403


@pytest.mark.parametrize(
    ("file", "served"),
    [
        ("/w/outputs/2026-01-01/a.png", True),
        ("/w/.studio/cache/thumbnails/0a-384.jpg", True),
        ("/w/.studio/queue/1-a.job", False),
        ("/w/.studio/cache/latents/a.png", False),
        ("/w/datasets/fox/.history/captions.jsonl", False),
        ("/w/runs/r/log.txt", False),
        ("/w/loras/fox.safetensors", False),
        ("https://example.org/a.png", False),
    ],
)
def test_only_pictures_are_served(file: str, served: bool) -> None:
    assert servable(f"/gradio_api/file={file}") is served
