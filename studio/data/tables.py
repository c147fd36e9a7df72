"""Tables: files in which other programs keep the captions of many pictures, or of one, beside them.

`metadata.jsonl` and `metadata.csv` (Hugging Face imagefolder: a `file_name` and a text in each row),
`metadata.json` (kohya: the path of each picture, its `caption` and its `tags`), and `cat.json` or
`cat.png.json` beside `cat.png`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from studio.errors import PictureError

TEXTS = ("text", "caption", "prompt", "description", "captions", "txt")
FILES = ("file_name", "filename", "file", "image", "image_path", "path", "full_path")

Row = tuple[PurePosixPath, str]
"""The file that a table speaks of, as it is called there, and its words."""


def is_table(name: str) -> bool:
    """Whether a file of this name may hold captions of other files."""
    return name.lower().endswith((".jsonl", ".csv", ".json"))


def read_table(name: str, content: bytes) -> list[Row]:
    """The rows that have words; raises `PictureError` for a file that is no such table."""
    kind = PurePosixPath(name.lower()).suffix
    try:
        text = content.decode("utf-8-sig")
        rows = [(_path(file), words_of(record)) for file, record in _READERS[kind](text)]
    except (ValueError, csv.Error, AttributeError, TypeError) as fault:
        why = f"{fault}".capitalize() if isinstance(fault, json.JSONDecodeError) else "It is no such table"
        raise PictureError(f"{name} cannot be read as captions", why=why) from None
    return [(file, words) for file, words in rows if file.name and words]


def words_of(record: Mapping[str, Any]) -> str:
    """The caption in a record: its text, then its tags, as kohya's trainer joins them."""
    lowered = {str(key).lower(): value for key, value in record.items()}
    text = next((_said(lowered[key]) for key in TEXTS if _said(lowered.get(key))), "")
    tags = _said(lowered.get("tags"))
    return f"{text}, {tags}" if text and tags else text or tags


def words_in(content: bytes) -> str:
    """The caption in a JSON file that belongs to one picture; empty where it has none."""
    try:
        record = json.loads(content.decode("utf-8-sig"))
    except ValueError:
        return ""
    return words_of(record) if isinstance(record, dict) else ""


def _said(value: Any) -> str:
    """The words of a value: a text, or the first of several captions, or a list of tags."""
    if isinstance(value, list):
        return ", ".join(part.strip() for part in value if isinstance(part, str))
    return value.strip() if isinstance(value, str) else ""


def _lines(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for line in filter(str.strip, text.split("\n")):
        record = json.loads(line)
        yield _file(record), record


def _comma_separated(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for record in csv.DictReader(io.StringIO(text, newline="")):
        yield _file(record), record


def _by_path(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """kohya's: the path is the key, and the rest its value. Others write a list of records."""
    content = json.loads(text)
    if isinstance(content, list):
        yield from ((_file(record), record) for record in content)
    else:
        for file, record in content.items():
            yield file, record if isinstance(record, dict) else {"text": record}


def _file(record: Mapping[str, Any]) -> str:
    lowered = {str(key).lower(): value for key, value in record.items()}
    return next((lowered[key] for key in FILES if isinstance(lowered.get(key), str)), "")


def _path(file: str) -> PurePosixPath:
    return PurePosixPath(file.replace("\\", "/"))


_READERS: dict[str, Callable[[str], Iterator[tuple[str, dict[str, Any]]]]] = {
    ".jsonl": _lines,
    ".csv": _comma_separated,
    ".json": _by_path,
}
