"""Clash map and force of a mix, for whichever room has one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import hypot
from typing import Any, NamedTuple

import gradio as gr
from gradio.components import Component

from studio.adapters.blocks import TEXT, listed
from studio.adapters.library import Card
from studio.errors import SettingsError
from studio.jobs.snapshot import JobView
from studio.settings import Settings
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.library import Library
from studio.ui.markup import render
from studio.ui.pulse import Given, Pulse
from studio.ui.widgets import live
from studio.workbench.looks import Look, read_look
from studio.workbench.tools.clashes import ClashSettings

MUCH = 0.5  # of the weights' size: from here on pictures tend to look overcooked
WORDS = ((1.0, "likely to clash", "hot"), (0.6, "have something in common", "warm"), (0.0, "apart", "cool"))


class Weight(NamedTuple):
    """How much of a LoRA is in a mix: in the denoiser, in the text encoders where that differs, and where."""

    name: str
    at: float
    text: float | None = None
    blocks: str = "all"

    def in_block(self, block: str, masks: Mapping[str, Mapping[str, float]]) -> float:
        """The weight in one block; under a mask that cannot be read, that of all."""
        at = self.at if block != TEXT or self.text is None else self.text
        named = self.blocks.strip().casefold() or "all"
        try:
            return at * (masks[named] if named in masks else listed(named, [*masks["all"]])).get(block, 1.0)
        except SettingsError:
            return at


class ClashBox:
    """Places itself where it is made; shows what is known of the mix, and lets the person look.

    `mix` gives the weights of the LoRAs that are on, from the values of `inputs`; `base` gives
    the base model. Events of `widget`: `even` with the `weights` ({name: weight}) of equal force as JSON.
    """

    def __init__(
        self,
        desk: Desk,
        pulse: Pulse,
        elem_id: str,
        *,
        library: Library,
        inputs: Sequence[Component],
        mix: Callable[[Given], Iterable[Weight]],
        base: Callable[[Given], str],
    ) -> None:
        self.desk, self.library, self._mix, self._base = desk, library, mix, base
        self._runs: dict[tuple[str, ...], str] = {}
        self.widget: gr.HTML = live(elem_id, "even")
        pulse.show(self.widget, self._shown, *inputs)
        self.widget.act(kindly(self._look), {*inputs}, None, show_progress="hidden", api_visibility="private")

    def _shown(self, given: Given) -> str:
        weights, base = [*self._mix(given)], self._base(given)
        cards = self._cards(weights)
        if not weights or len(cards) < len(weights):
            return ""
        look = read_look(self.desk.workspace, cards, base)
        return clash_html(look, weights, job=None if look else self._job(cards, base))

    def _look(self, given: dict[Component, Any]) -> None:
        weights, base = [*self._mix(given)], self._base(given)
        cards = self._cards(weights)
        loras = [{"name": card.name} for card in cards]
        settings: Settings = ClashSettings.parse({"task": "clashes", "loras": loras, "base": base})
        run = self.desk.submit("workbench", settings, title=" and ".join(card.title for card in cards)[:60])
        self._runs[self._key(cards, base)] = run.id

    def _cards(self, weights: Sequence[Weight]) -> list[Card]:
        known = {card.name: card for card in self.library.cards()}
        return [known[one.name] for one in weights if one.name in known]

    def _job(self, cards: Sequence[Card], base: str) -> JobView | None:
        run = self._runs.get(self._key(cards, base))
        return self.desk.journal.job(run) if run else None

    def _key(self, cards: Sequence[Card], base: str) -> tuple[str, ...]:
        return (base, *(card.name for card in cards))


def weighed(row: Mapping[str, Any]) -> Weight:
    """The weight of a row of the mixer."""
    return Weight(row["name"], row["weight"], row.get("text"), str(row.get("blocks") or "all"))


def clash_html(
    look: Look | None, weights: Sequence[Weight], *, job: JobView | None = None, evens: bool = True
) -> str:
    """What is known of a mix, as HTML; before anybody has looked, the button with which one does.

    `evens` where there is a mixer whose weights a button can set.
    """
    if look is None:
        busy = job is not None and job.state in ("waiting", "running")
        fault = job.message if job is not None and job.state in ("failed", "died") else ""
        return render("clash", look=None, busy=busy, fault=fault, several=len(weights) > 1)
    forces = [_force(one, found, look["masks"]) for one, found in zip(weights, look["force"], strict=True)]
    together = hypot(*(each["share"] for each in forces))
    strongest = max((each["share"] for each in forces), default=0.0) or 1.0
    return render(
        "clash",
        look=look,
        pairs=[_pair(look, pair) for pair in sorted(look["pairs"], key=lambda each: -each["heat"])],
        forces=[{**each, "width": round(100 * each["share"] / strongest)} for each in forces],
        together=round(together * 100),
        much=together > MUCH,
        limit=round(100 * MUCH),
        even=dict(zip(look["names"], look["even"], strict=True)),
        is_even=not evens or _is_even(weights, look),
        ends=_ends(look["blocks"]),
    )


def _pair(look: Look, pair: Mapping[str, Any]) -> dict[str, Any]:
    word, kind = next((word, kind) for least, word, kind in WORDS if pair["heat"] >= least)
    return {
        "names": (look["names"][pair["one"]], look["names"][pair["other"]]),
        "word": word,
        "kind": kind,
        "cosine": f"{pair['cosine']:.2f}",
        "overlap": f"{pair['overlap']:.2f}",
        "strip": [_cell(block, *found) for block, found in _ordered(look, pair["strip"])],
    }


def _cell(block: str, cosine: float, overlap: float) -> dict[str, Any]:
    heat = max(abs(cosine) / 0.3, overlap / 0.6)
    return {
        "title": f"{block}: cosine {cosine:.2f}, overlap {overlap:.2f}",
        "percent": min(100, round(100 * heat)),
    }


def _force(weight: Weight, found: Mapping[str, Any], masks: Mapping[str, Any]) -> dict[str, Any]:
    share = hypot(*(each * weight.in_block(block, masks) for block, each in found["parts"].items()))
    pushed = {
        block: abs(weight.in_block(block, masks)) * float(each) for block, each in found["blocks"].items()
    }
    most = max(found["blocks"].values(), default=0.0) * abs(weight.at) or 1.0
    strip = [
        {"title": f"{block}: {each:.1%}", "percent": min(100, round(100 * each / most))}
        for block, each in pushed.items()
    ]
    where = "" if weight.blocks.strip().casefold() in ("", "all") else ", in some blocks"
    told = {"name": weight.name, "weight": f"{weight.at:g}{where}", "told": f"{100 * share:.1f} %"}
    return {**told, "share": share, "strip": strip}


def _ordered(look: Look, strip: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(block, strip[block]) for block in look["blocks"] if block in strip]


def _ends(blocks: Sequence[str]) -> tuple[str, str] | None:
    """The first and the last block of a strip; of one block there is nothing to say."""
    return (blocks[0], blocks[-1]) if len(blocks) > 1 else None


def _is_even(weights: Sequence[Weight], look: Look) -> bool:
    return all(abs(one.at - even) < 0.01 for one, even in zip(weights, look["even"], strict=True))
