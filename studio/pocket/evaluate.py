"""Every measured figure of the miniature, on fixed seeds, against the bars it must pass.

What was measured of the same weights is not measured again, so that an evaluation that was
interrupted goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from studio.pocket import learning, measures
from studio.pocket.icons import BUILD
from studio.pocket.ledger import Figures, kept, place
from studio.pocket.siblings import measuring

PAINTS = measures.PAINTS
LEARNS = (*learning.LEARNS, "judge")


class Measure(NamedTuple):
    """How figures are taken, and the parts of the miniature that they depend on."""

    take: Callable[[], Figures]
    parts: tuple[str, ...]


MEASURES = {
    "autoencoder": Measure(measures.autoencoder, ("vae",)),
    "tiny": Measure(measures.tiny, ("vae", "tiny")),
    "judge": Measure(measures.judge_itself, ("judge",)),
    "captioner": Measure(measures.captioner, ("captioner",)),
    "tagger": Measure(measures.tagger, ("tagger",)),
    "painter": Measure(measures.painter, (*PAINTS, "judge")),
    "pairs": Measure(measures.pairs, (*PAINTS, "judge")),
    "subjects": Measure(learning.subjects, LEARNS),
    "mixes": Measure(learning.mixes, LEARNS),
    "last_subjects": Measure(lambda: learning.subjects(last=True), LEARNS),
    "last_mixes": Measure(lambda: learning.mixes(last=True), LEARNS),
    "siblings": Measure(measuring.siblings, measuring.LEARNS),
    "speed": Measure(measures.speed, PAINTS),
}
LAST = ("last_subjects", "last_mixes")
BARS: dict[tuple[str, str], tuple[str, float]] = {
    ("autoencoder", "psnr"): ("≥", 27.0),
    ("painter", "thing"): ("≥", 0.70),
    ("painter", "style"): ("≥", 0.95),
    ("painter", "background"): ("≥", 0.95),
    ("pairs", "thing"): ("≥", 0.40),
    ("captioner", "thing"): ("≥", 0.80),
    ("captioner", "style"): ("≥", 0.95),
    ("subjects", "halved"): ("≥", 10.0),
    ("subjects", "background"): ("≥", 0.80),
    ("subjects", "others_thing"): ("≥", 0.95),
    ("subjects", "others_fit"): ("≥", 0.95),
    ("subjects", "seconds"): ("≤", 180.0),
    ("mixes", "clip_mixed_nearest"): ("≥", 8.0),
    ("mixes", "judge_mixed_nearest"): ("≥", 8.0),
    ("siblings", "xl_closed"): ("≥", 0.5),
    ("siblings", "sd3_closed"): ("≥", 0.5),
    ("siblings", "flux_closed"): ("≥", 0.5),
    ("speed", "open"): ("≤", 2.0),
    ("speed", "picture"): ("≤", 2.0),
}


def run(only: Sequence[str] | None = None) -> None:
    """Take these measures, or all but those of the last ten things, and print them and their table."""
    found: dict[str, Figures] = {}
    for name in only or [each for each in MEASURES if each not in LAST]:
        take, parts = MEASURES[name]
        found[name] = kept(place(parts) / f"{name}.json", take)
        print(json.dumps({name: found[name]}), flush=True)
    print(table(found))
    (BUILD / "evaluate.json").write_text(json.dumps(_known() | found, indent=1))


def _known() -> dict[str, Figures]:
    path = BUILD / "evaluate.json"
    return json.loads(path.read_text()) if path.exists() else {}


def table(found: dict[str, Figures]) -> str:
    """The figures that have a bar, as a table of Markdown; those of the last ten have the same bars."""
    lines = ["| measure | figure | bar | |", "|---|---|---|---|"]
    for name, figures in found.items():
        for key, value in figures.items():
            sign, bar = BARS.get((name.removeprefix("last_"), key), ("", 0.0))
            if sign:
                holds = value >= bar if sign == "≥" else value <= bar
                told = "holds" if holds else "falls short"
                lines.append(f"| {name}, {key.replace('_', ' ')} | {value:.4g} | {sign} {bar:g} | {told} |")
    return "\n".join(lines)
