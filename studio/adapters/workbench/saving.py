"""Saving what the workbench made, and new words in an old file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from studio.adapters.factors import Delta
from studio.adapters.header import read_header
from studio.adapters.metadata import AdapterFacts
from studio.adapters.workbench.loose import Loose, keys
from studio.adapters.writing import write_adapter
from studio.errors import AdapterError
from studio.workspace import writing

OF_FILE = ("sshs_model_hash", "sshs_legacy_hash", "modelspec.hash_sha256")


def save(
    path: Path,
    changes: Mapping[str, Delta],
    sources: Sequence[Loose],
    *,
    note: str = "",
    numbers: str = "fp16",
) -> str:
    """Write an adapter that was made of others; it names them in `modelspec.merged_from`.

    What all sources agree on is kept, and the trigger words of all; `numbers` are "fp16", "bf16" or
    "fp32". Returns the hash; raises `AdapterError` if there is a file of this name.
    """
    from studio.models.opening import precision

    facts = [AdapterFacts.from_metadata(loose.metadata) for loose in sources]
    triggers = ", ".join(dict.fromkeys(each.trigger for each in facts if each.trigger))
    whole = AdapterFacts(
        title=path.stem,
        architecture=_shared([each.architecture for each in facts]),
        base_version=_shared([each.base_version for each in facts]),
        base=_shared([each.base for each in facts]),
        base_hash=_shared([each.base_hash for each in facts]),
        trigger=triggers,
        rank=max((change.rank for change in changes.values()), default=0),
        merged_from=lineage([(loose.name, loose.hash) for loose in sources]),
    ).to_metadata({"modelspec.description": note})
    return write_adapter(path, dict(keys(changes)), whole, dtype=precision(numbers))


def lineage(sources: Iterable[tuple[str, str]]) -> str:
    """What `modelspec.merged_from` says of files, by their names and hashes."""
    return ", ".join(f"{name} ({told[:12]})" if told else name for name, told in sources)


def rewrite_metadata(
    path: Path,
    target: Path,
    *,
    changes: Mapping[str, str] | None = None,
    strip: bool = False,
) -> None:
    """The same tensors, byte for byte, under other metadata; an empty text takes an entry out.

    With `strip`, all that is known of the training and the person goes; the hashes stay. Raises
    `AdapterError` if the target exists.
    """
    header = read_header(path)
    if target.exists():
        raise AdapterError(f"{target.name} exists already", remedy="Choose another name.")
    kept = {key: text for key, text in header.metadata.items() if not strip or key in OF_FILE}
    told = {key: text for key, text in {**kept, **(changes or {})}.items() if text}
    told.setdefault("format", "pt")
    with path.open("rb") as source:
        length = int.from_bytes(source.read(8), "little")
        content = json.loads(source.read(length))
        content["__metadata__"] = told
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)  # the format aligns the tensors to eight bytes
        with writing(target, "wb") as opened:
            file = cast("IO[bytes]", opened)
            file.write(len(text).to_bytes(8, "little") + text)
            while piece := source.read(2**22):
                file.write(piece)


def _shared(told: Sequence[str]) -> str:
    return told[0] if told and len(set(told)) == 1 else ""
