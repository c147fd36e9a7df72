"""The workspace: one folder, which the artist can see, with everything the studio keeps."""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from platformdirs import user_documents_path

from studio.errors import StudioError

FOLDERS = ("datasets", "loras", "models", "runs", "outputs")
ASSETS = Path(__file__).resolve().parent.parent / "assets"


@dataclass(frozen=True)
class Workspace:
    """Where things are. `Workspace.open()` makes the folders; the paths themselves do not."""

    root: Path

    @classmethod
    def open(cls, root: Path | str | None = None) -> Workspace:
        """Open the workspace in `root`, or in $STUDIO_WORKSPACE, or in Documents/LoRA Studio."""
        chosen = root or os.environ.get("STUDIO_WORKSPACE") or user_documents_path() / "LoRA Studio"
        workspace = cls(Path(chosen).expanduser().resolve())
        try:
            for name in (*FOLDERS, ".studio/queue", ".studio/cache"):
                (workspace.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise StudioError(
                f"The workspace {workspace.root} cannot be used",
                why=fault.strerror or str(fault),
                remedy="Choose another folder with --workspace.",
            ) from None
        return workspace

    @property
    def datasets(self) -> Path:
        """One folder of pictures and captions each."""
        return self.root / "datasets"

    @property
    def loras(self) -> Path:
        """Finished adapters."""
        return self.root / "loras"

    @property
    def models(self) -> Path:
        """Base models that the artist put there."""
        return self.root / "models"

    @property
    def runs(self) -> Path:
        """One folder for each job that was ever started."""
        return self.root / "runs"

    @property
    def outputs(self) -> Path:
        """Generated pictures, one folder a day."""
        return self.root / "outputs"

    @property
    def hidden(self) -> Path:
        """The studio's own records (queue, caches); never served by the page."""
        return self.root / ".studio"

    @property
    def arrivals(self) -> Path:
        """What came through the page and waits for the person's word."""
        return self.hidden / "arrivals"

    @property
    def cache(self) -> Path:
        """What can be made again: latents, text embeddings, thumbnails."""
        return self.hidden / "cache"


def safe_name(text: str, fallback: str = "untitled") -> str:
    """A file name, on every system, made of what a person typed: no separators, no control characters."""
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]+', " ", text)
    text = re.sub(r"\s+", " ", text).strip(" .")
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", text):
        text = "_" + text
    while len(text.encode()) > 200:
        text = text[:-1]
    return text.strip(" .") or fallback


def free_path(path: Path) -> Path:
    """`path`, or the first of `path 2`, `path 3` … that does not exist yet."""
    number, candidate = 2, path
    while candidate.exists():
        candidate = path.with_name(f"{path.stem} {number}{path.suffix}")
        number += 1
    return candidate


@contextmanager
def writing(path: Path, mode: str = "w") -> Iterator[IO[str]]:
    """Write a file whole or not at all: to a temporary file beside it, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{secrets.token_hex(8)}.part")  # not tempfile's: others may read it too
    text: dict[str, str] = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with unfinished.open(mode.replace("w", "x"), **text) as file:  # type: ignore[call-overload]
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
