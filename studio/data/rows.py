"""Rows: pictures with captions out of a parquet file or a hub dataset, one after another.

Both need the `datasets` extra. In memory are the pages of the file that hold the next rows; a file whose
pictures lie in one piece larger than the memory is refused.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count as count_from
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Any

import psutil
from PIL import Image, UnidentifiedImageError

from studio.data.arrivals import Arrival
from studio.data.decoding import DAMAGE
from studio.data.pictures import SUFFIXES
from studio.data.tables import TEXTS, words_of
from studio.errors import DatasetError, Offline, PictureError, StudioError

AT_ONCE = 8  # rows that are read together
DECODED = 3  # times its size that a piece of a file takes while it is decoded
PICTURES = ("image", "img", "picture", "jpg", "png", "webp", "pixel_values")
KINDS = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp"}
KINDS |= {"TIFF": ".tif", "AVIF": ".avif", "HEIF": ".heic"}


@dataclass(frozen=True)
class Rows:
    """Pictures that come one after another; `count` says how many, as far as that is known."""

    count: int
    arrivals: Callable[[], Iterator[Arrival]]


def parquet_rows(path: Path) -> Rows:
    """The rows of a parquet file; raises `PictureError` when it has no pictures, or the extra is missing."""
    parquet = _extra("pyarrow.parquet", path.name, PictureError)
    with _undamaged(path), parquet.ParquetFile(path) as file:
        schema, count, piece = file.schema_arrow, file.metadata.num_rows, _largest_piece(file.metadata)
    kinds = {name: str(schema.field(name).type) for name in schema.names}
    column = _picture_column({name: "bytes" in kind or "binary" in kind for name, kind in kinds.items()})
    if column is None:
        raise PictureError(
            f"There are no pictures in {path.name}",
            why=f"Its columns are {', '.join(kinds)}",
            remedy="A column of pictures, such as “image”, is needed.",
        )
    if DECODED * piece > psutil.virtual_memory().available:
        raise PictureError(
            f"{path.name} cannot be read here",
            why=f"{piece / 1e9:.0f} GB of it lie in one piece, which is more than fits into the memory",
            remedy="Save it in smaller row groups (100 rows, for example), or bring the pictures as files.",
        )
    columns = [name for name in kinds if name == column or name.lower() in (*TEXTS, "tags")]

    def arrivals() -> Iterator[Arrival]:
        number = count_from(1)
        with _undamaged(path), parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file:
            for batch in file.iter_batches(AT_ONCE, columns=columns):
                for record in batch.to_pylist():
                    yield _arrival(record, column, f"{path.stem} {next(number)}")

    return Rows(count, arrivals)


def _largest_piece(metadata: Any) -> int:
    """The bytes of the largest dictionary of values; whoever reads one row of it must hold all of it."""
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    columns = (group.column(number) for group in groups for number in range(group.num_columns))
    return max((one.total_uncompressed_size for one in columns if one.has_dictionary_page), default=0)


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    from pyarrow import ArrowException  # type: ignore[import-untyped, import-not-found, unused-ignore]

    try:
        yield
    except (ArrowException, OSError) as fault:
        raise PictureError(f"{path.name} cannot be read", why=str(fault).partition("\n")[0]) from fault


def hub_rows(dataset: str, *, split: str = "", most: int) -> Rows:
    """The first rows of a dataset of the hub, or of a folder as the hub's library reads it.

    Raises `DatasetError` when there is no such dataset, it has no pictures, or the extra is missing;
    `Offline` without a network.
    """
    datasets = _extra("datasets", dataset, DatasetError)
    with _explained(dataset):
        found = datasets.load_dataset(dataset, streaming=True)
        split = split or ("train" if "train" in found else next(iter(found), "train"))
        rows = found[split]
        features = rows.features or {}
    column = _picture_column({name: isinstance(one, datasets.Image) for name, one in features.items()})
    if column is None:
        raise DatasetError(
            f"There are no pictures in {dataset}", why=f"Its columns are {', '.join(features)}"
        )
    rows = rows.cast_column(column, datasets.Image(decode=False))
    known = rows.info.splits[split].num_examples if split in (rows.info.splits or {}) else 0

    def arrivals() -> Iterator[Arrival]:
        with _explained(dataset):
            for number, record in enumerate(islice(rows, most), 1):
                yield _arrival(record, column, f"{PurePosixPath(dataset).name} {number}", inside=dataset)

    return Rows(min(known or most, most), arrivals)


@contextmanager
def _explained(dataset: str) -> Iterator[None]:
    """Turn what the hub's libraries raise into sentences."""
    import httpx2  # what huggingface_hub speaks with
    from datasets import exceptions  # type: ignore[import-untyped, import-not-found, unused-ignore]
    from huggingface_hub import errors

    try:
        yield
    except (httpx2.TransportError, errors.OfflineModeIsEnabled, ConnectionError):
        raise Offline(
            f"{dataset} cannot be downloaded",
            why="The hub cannot be reached, or the connection broke off",
            remedy="Check the network and try again; what is here already is not brought twice.",
        ) from None
    except (exceptions.DatasetNotFoundError, errors.HFValidationError, FileNotFoundError):
        raise DatasetError(
            f"There is no dataset called {dataset} on the hub",
            remedy="Check the spelling: it is owner/name. For one that must be asked for, log in first.",
        ) from None
    except (exceptions.DatasetsError, errors.HfHubHTTPError, KeyError, ValueError) as fault:
        why = str(fault).strip().partition("\n")[0]
        raise DatasetError(f"{dataset} cannot be read", why=why) from fault


def _extra(module: str, name: str, kind: type[StudioError]) -> Any:
    """A module of the extra; where it is not installed, a fault of this kind says how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise kind(
            f"{name} cannot be read here yet",
            why="The part of the studio for datasets of that kind is not installed",
            remedy="Install it with: .venv/bin/python -m pip install datasets",
        ) from None


def _picture_column(are_pictures: Mapping[str, bool]) -> str | None:
    """The column of pictures: one that is called so, or else the first of that kind."""
    found = [name for name, is_one in are_pictures.items() if is_one]
    named = [name for name in found if name.lower() in PICTURES]
    return next(iter(named or found), None)


def _arrival(record: dict[str, Any], column: str, title: str, *, inside: str = "") -> Arrival:
    """One row; a picture is its bytes, or where they lie in the dataset `inside` of which it must be."""
    cell = record.pop(column)
    cell = cell if isinstance(cell, dict) else {"bytes": cell}
    content, path = cell.get("bytes"), str(cell.get("path") or "")
    named = PurePosixPath(path.partition("::")[0].replace("\\", "/"))
    name = named.name if named.suffix.lower() in SUFFIXES else f"{title}{_suffix(content)}"

    def opened() -> IO[bytes]:
        if isinstance(content, bytes):
            return io.BytesIO(content)
        if not _lies_in(path, inside):
            raise PictureError(f"{name} is not in this file", why="Its row holds no picture")
        import fsspec  # type: ignore[import-untyped, unused-ignore]

        file: IO[bytes] = fsspec.open(path, "rb").open()
        return file

    return Arrival(name, "", opened, words=words_of(record))


def _lies_in(path: str, dataset: str) -> bool:
    """Whether a path leads into the dataset itself: a row must not fetch other files of this machine."""
    if not dataset or not path:
        return False
    outermost = path.rpartition("::")[2]  # of a file in an archive, the archive
    return outermost.startswith("hf://") or Path(dataset).resolve() in Path(outermost).resolve().parents


def _suffix(content: Any) -> str:
    """What a picture's name must end in, by its content."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return KINDS.get(image.format or "", ".png")
    except (UnidentifiedImageError, *DAMAGE):
        return ".png"  # it will be refused by that name
