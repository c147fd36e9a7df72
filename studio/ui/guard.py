"""The guard: who may ask this server for what.

A page of another site can send requests to 127.0.0.1; the browser only keeps the answers from it.
So what changes something must come from the studio's own page, under a name this machine goes by.
And gradio serves every file below an allowed folder: the guard lets pictures through, nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from studio.data.pictures import SUFFIXES

Scope = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]

LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
FILE = "/gradio_api/file="
CLOSED = (
    "/gradio_api/info",
    "/gradio_api/openapi.json",
    "/gradio_api/runs",
    "/gradio_api/mcp",
    "/monitoring",
)
CACHE = ".studio", "cache", "thumbnails"


class Guard:
    """ASGI middleware. With `local`, requests under any other host name are refused too, because a
    name that resolves to 127.0.0.1 would make a foreign page the same origin (DNS rebinding)."""

    def __init__(self, app: App, local: bool = True) -> None:
        self.app, self.local = app, local

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] in ("http", "websocket") and not self._allowed(scope):
            await _refuse(send, scope["type"])
            return
        await self.app(scope, receive, send)

    def _allowed(self, scope: Scope) -> bool:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        host = headers.get("host", "")
        if self.local and _name(host) not in LOCAL:
            return False
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc != host
        if foreign and scope.get("method", "POST") not in READING:
            return False
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not _opening(headers):
            return False
        return servable(scope["path"])


def servable(path: str) -> bool:
    """Whether this is a path the page needs: of files only pictures, of hidden folders only thumbnails."""
    if path.startswith(CLOSED):
        return False
    if not path.startswith(FILE):
        return True
    file = PurePath(path.removeprefix(FILE))
    hidden = [part for part in file.parts if part.startswith(".")]
    in_cache = file.parts[-4:-1] == CACHE and hidden == [CACHE[0]]
    return file.suffix.lower() in SUFFIXES and "://" not in path and (not hidden or in_cache)


def _opening(headers: dict[str, str]) -> bool:
    """A link on another page that opens the studio is harmless."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _name(host: str) -> str:
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host


async def _refuse(send: Any, kind: str) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"This address is for the studio's own page."})
