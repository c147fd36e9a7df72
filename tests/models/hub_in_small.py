"""A model hub on this machine, as far as a download needs it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

REVISION = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Repositories by id, each a mapping of file names to bytes; `sent` counts the bytes given out."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.damaged: dict[str, bytes] = {}
        self.sent = 0
        self.address = ""

    def answer(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers for a path."""
        parts = path.split("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            return self._facts("/".join(parts[2:4]))
        hub_id, name = "/".join(parts[:2]), "/".join(parts[4:])
        body = self.damaged.get(name, self.repositories[hub_id][name])
        etag = hashlib.sha256(body).hexdigest()
        return 200, body, {"ETag": f'"{etag}"', "X-Repo-Commit": REVISION}

    def _facts(self, hub_id: str) -> tuple[int, bytes, dict[str, str]]:
        if hub_id not in self.repositories:
            return 404, b"{}", {"X-Error-Code": "RepoNotFound"}
        files = self.repositories[hub_id]
        facts: dict[str, Any] = {
            "id": hub_id,
            "sha": REVISION,
            "gated": False,
            "cardData": {"license": "creativeml-openrail-m"},
            "siblings": [_sibling(name, body) for name, body in files.items()],
        }
        return 200, json.dumps(facts).encode(), {"Content-Type": "application/json"}


def _sibling(name: str, body: bytes) -> dict[str, Any]:
    large = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body), "pointerSize": 100}
    told = {"rfilename": name, "size": len(body)}
    return {**told, "lfs": large} if name.endswith(".safetensors") else told


@contextmanager
def serving() -> Iterator[Hub]:
    """The hub, answering at `hub.address` while the block runs."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._respond(body=False)

        def do_GET(self) -> None:
            self._respond(body=True)

        def _respond(self, *, body: bool) -> None:
            status, content, headers = hub.answer(self.path)
            start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
            self.send_response(206 if start else status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            if body:
                self._send(content[start:])

        def _send(self, content: bytes) -> None:
            hub.sent += len(content)
            with suppress(ConnectionError):  # whoever asked has heard enough
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
