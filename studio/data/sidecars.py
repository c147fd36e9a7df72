"""Sidecars: the `.txt` beside a picture that holds its caption, as every trainer reads it."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.errors import InternalFault, PictureError, explain
from studio.workspace import writing

HISTORY = ".history"  # the hidden folder of a dataset, for what is the studio's own


def caption_file(picture: Path) -> Path:
    """The `.txt` of a picture: the one that is there, however its name is spelt, or the one to be made."""
    plain = picture.with_suffix(".txt")
    spelt = (plain.with_name(unicodedata.normalize(form, plain.name)) for form in ("NFC", "NFD"))
    return next(
        (file for file in (plain, picture.with_suffix(".TXT"), *spelt) if os.path.exists(file)), plain
    )


def read_caption(picture: Path) -> str:
    """The caption of a picture, without the line break at the end; empty where there is none."""
    file = caption_file(picture)
    try:
        return decode_caption(file.read_bytes())
    except FileNotFoundError:
        return ""
    except OSError as fault:
        raise PictureError(f"{file.name} cannot be read", why=fault.strerror or str(fault)) from fault


def put_caption(picture: Path, text: str | None) -> None:
    """Write a caption, whole or not at all; None takes its file away.

    Only the journal calls this, which knows the words before.
    """
    file = caption_file(picture)
    with explained(file):
        if text is None:
            file.unlink(missing_ok=True)
            return
        with writing(file) as sidecar:
            sidecar.write(text)


def decode_caption(content: bytes) -> str:
    """UTF-8 with or without a byte order mark; else what older programs on Windows write."""
    try:
        return tidy(content.decode("utf-8"))
    except UnicodeDecodeError:
        return tidy(content.decode("cp1252", "replace"))


def tidy(text: str) -> str:
    """What of a text can be a caption: no marks before it, no line break after it, no broken characters."""
    return text.encode("utf-8", "replace").decode().lstrip("\ufeff").rstrip("\r\n")


@contextmanager
def explained(file: Path) -> Iterator[None]:
    """Name the caption's own file, not the temporary one, in whatever goes wrong."""
    try:
        yield
    except OSError as fault:
        fault.filename = os.fspath(file)
        known = explain(fault)
        if isinstance(known, InternalFault):
            known = PictureError(f"{file.name} cannot be written", why=fault.strerror or str(fault))
        raise known from fault
