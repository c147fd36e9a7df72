"""Hashes of files, remembered so that a large file is read once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from studio.workspace import Workspace, writing


def sha256(path: Path, workspace: Workspace) -> str:
    """The SHA-256 of a file in hex; remembered until its size or time changes."""
    facts = path.stat()
    record = workspace.cache / "hashes" / f"{hashlib.sha256(str(path.resolve()).encode()).hexdigest()}.json"
    stamp = [facts.st_size, facts.st_mtime_ns]
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
        if known["stamp"] == stamp:
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # never read before, or the record is damaged: read the file
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with writing(record) as written:
        json.dump({"stamp": stamp, "sha256": digest}, written)
    return digest
