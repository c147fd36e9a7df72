"""Captions: a `.txt` beside each picture, as every trainer reads it, and the history of its words."""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from studio.data.lines import append_line, read_lines
from studio.errors import InternalFault, PictureError, explain
from studio.workspace import writing

HISTORY = ".history"
ELSEWHERE = "another program"


@dataclass(frozen=True)
class Version:
    """What a caption said from the time `at` (seconds since 1970) on, and who wrote it."""

    text: str
    by: str
    at: float


def caption_file(picture: Path) -> Path:
    """The `.txt` of a picture: the one that is there, however its name is spelt, or the one to be made."""
    plain = picture.with_suffix(".txt")
    spelt = (plain.with_name(unicodedata.normalize(form, plain.name)) for form in ("NFC", "NFD"))
    return next((file for file in (plain, picture.with_suffix(".TXT"), *spelt) if file.exists()), plain)


def read_caption(picture: Path) -> str:
    """The caption of a picture, without the line break at the end; empty where there is none."""
    file = caption_file(picture)
    try:
        return decode_caption(file.read_bytes())
    except FileNotFoundError:
        return ""
    except OSError as fault:
        raise PictureError(f"{file.name} cannot be read", why=fault.strerror or str(fault)) from fault


def decode_caption(content: bytes) -> str:
    """UTF-8 with or without a byte order mark; else what older programs on Windows write."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return text.rstrip("\r\n")


def write_caption(picture: Path, text: str, *, by: str) -> None:
    """Give a picture its caption; the words before go into the history first.

    `by` says who wrote it: "hand", or the name of a captioner. Whole or not at all, also after a
    power cut. Raises `DiskFull`, or a fault that names the file which could not be written.
    """
    text = decode_caption(text.encode("utf-8", "replace"))
    file = caption_file(picture)
    with _explained(file):
        _log(picture).parent.mkdir(exist_ok=True)
        with FileLock(_log(picture).with_name("lock")):
            before = read_caption(picture)
            if text == before:
                return
            change = {"picture": _key(picture), "before": before, "text": text, "by": by, "at": time.time()}
            append_line(_log(picture), change)
            with writing(file) as sidecar:
                sidecar.write(text)


def history(picture: Path) -> list[Version]:
    """The versions of a picture's caption, oldest first; words that another program wrote are among them."""
    versions: list[Version] = []
    for change in read_lines(_log(picture)):
        if change["picture"] != _key(picture):
            continue
        if change["before"] != (versions[-1].text if versions else ""):
            versions.append(Version(change["before"], ELSEWHERE, change["at"]))
        versions.append(Version(change["text"], change["by"], change["at"]))
    return versions


def restore(picture: Path, version: Version) -> None:
    """Let the caption say again what it said in this version; that is a new version itself."""
    write_caption(picture, version.text, by=version.by)


def _log(picture: Path) -> Path:
    return picture.parent / HISTORY / "captions.jsonl"


def _key(picture: Path) -> str:
    """What a history line calls a picture: its stem, which a caption shares with it."""
    return unicodedata.normalize("NFC", picture.stem)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Name the caption's own file, not the temporary one, in whatever goes wrong."""
    try:
        yield
    except OSError as fault:
        fault.filename = os.fspath(file)
        known = explain(fault)
        if isinstance(known, InternalFault):
            known = PictureError(f"{file.name} cannot be written", why=fault.strerror or str(fault))
        raise known from fault
