"""Inspection: what an adapter file says of itself, from its header alone, without a base model."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from studio.adapters.entries import read_entries
from studio.adapters.header import read_header
from studio.adapters.lineage import family_of
from studio.adapters.metadata import AdapterFacts
from studio.adapters.reading import data_hash, kinds_in
from studio.adapters.receipt import span

OF_TEXT = re.compile(r"(base_model\.model\.)?(lora_te\d?_|text_encoders?|clip_[lgh]\.|t5)")


def inspect(path: Path) -> dict[str, str]:
    """What is known of the file, line by line, what is not known left out.

    Raises `AdapterError` in a sentence for a file that is damaged or of an unknown kind.
    """
    header = read_header(path)
    entries = read_entries(path, header)
    facts = AdapterFacts.from_metadata(header.metadata)
    text = sum(bool(OF_TEXT.match(entry.name)) for entry in entries)
    ranked = [entry for entry in entries if entry.rank]
    numbers = Counter(info.dtype for info in header.tensors.values() if info.shape)
    told = {
        "File": path.name,
        "Title": facts.title,
        "Made for": " · ".join(filter(None, (family_of(facts, entries), facts.base_version, facts.base))),
        "Kind": kinds_in(entries),
        "Layers": f"{len(entries)}" + (f", {text} of them in text encoders" if text else ""),
        "Rank": span(tuple(sorted({entry.rank for entry in ranked}))),
        "Alpha": f"{facts.alpha:g}" if facts.alpha else "",
        "Alpha tensors": _alpha_tensors(sum("alpha" in entry.keys for entry in ranked), len(ranked)),
        "Numbers": ", ".join(dtype for dtype, _ in numbers.most_common()),
        "Trigger word": facts.trigger,
        "Frequent tags": ", ".join(facts.tags),
        "Trained": facts.training(),
        "Merged from": facts.merged_from,
        "Hash": data_hash(path)[:12],
    }
    return {label: text for label, text in told.items() if text}


def _alpha_tensors(there: int, layers: int) -> str:
    if not layers:
        return ""
    if there == layers:
        return "in every layer"
    return f"in {there} of {layers} layers" if there else "none; other programs may take alpha for the rank"
