"""Inspection: what an adapter file says of itself, from its header alone, without a base model."""

from __future__ import annotations

from pathlib import Path

from studio.adapters.entries import read_entries
from studio.adapters.header import read_header
from studio.adapters.metadata import AdapterFacts


def inspect(path: Path) -> dict[str, str]:
    """What is known of the file, line by line, what is not known left out.

    Raises `AdapterError` in a sentence for a file that is damaged or of an unknown kind.
    """
    header = read_header(path)
    entries = read_entries(path, header)
    facts = AdapterFacts.from_metadata(header.metadata)
    text = sum("te" in entry.name.split("_")[1:2] or "text_encoder" in entry.name for entry in entries)
    told = {
        "File": path.name,
        "Title": facts.title,
        "Made for": " · ".join(filter(None, (facts.architecture, facts.base_version, facts.base))),
        "Layers": f"{len(entries)}" + (f", {text} of them in text encoders" if text else ""),
        "Rank": ", ".join(str(rank) for rank in sorted({entry.rank for entry in entries})),
        "Alpha": f"{facts.alpha:g}" if facts.alpha else "",
        "Alpha tensors": _alpha_tensors(sum(bool(entry.alpha) for entry in entries), len(entries)),
        "Trigger word": facts.trigger,
        "Trained": f"{facts.steps} steps on {facts.pictures} pictures" if facts.steps else "",
    }
    return {label: text for label, text in told.items() if text}


def _alpha_tensors(there: int, layers: int) -> str:
    if there == layers:
        return "in every layer"
    return f"in {there} of {layers} layers" if there else "none; other programs may take alpha for the rank"
