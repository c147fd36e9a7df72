"""Will it fit? What painting needs of a card, known at once or worked out; without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from studio.generate.settings import GenerateSettings
from studio.memory.allowance import allowance
from studio.memory.blueprints import blueprint
from studio.memory.fit import Card, Fit, Phase, Saver, card_of, judged, this_card, this_machine
from studio.memory.process import ask
from studio.memory.store import key_of, remember, remembered
from studio.models.storage import STORAGES
from studio.workspace import Workspace

__all__ = [
    "Card", "Fit", "Phase", "Saver", "card_of", "fit_to_card", "known", "most_at_once", "this_card",
    "work_out",
]  # fmt: skip

MODULE = "studio.generate.memory"
TITLES = {"text": "Prompts", "painting": "Painting", "decoding": "Making it a picture"}
WAYS = {
    "together": "",
    "parts": " Its parts take turns on the card, which costs a second or two a picture.",
    "tiled": " Its parts take turns on the card, and pictures are decoded in tiles.",
}
"""How a base is held, the quickest first, and what to say of it; the engine chooses in the same order."""
MOST = 16


def known(settings: GenerateSettings, workspace: Workspace, card: Card | None = None) -> Fit | None:
    """The fit, if these settings were worked out before; by default for this machine's card."""
    where = card or this_machine()
    answer = remembered(workspace, key_of(_question(settings, workspace, where)))
    return _fit(settings, answer, where) if answer is not None else None


def work_out(settings: GenerateSettings, workspace: Workspace, card: Card | None = None) -> Fit:
    """The fit, counted in a process of its own, within half a minute; raises `StudioError`."""
    where = card or this_machine()
    return _fit(settings, _answer(settings, workspace, where), where)


def most_at_once(settings: GenerateSettings, workspace: Workspace, card: Card | None = None) -> int:
    """How many pictures can be painted together; 0 where not even one fits."""
    where = card or this_machine()
    answer = _answer(settings, workspace, where)
    one = {**answer["tiled"]}
    one["painting"] -= answer["each"] * (settings.batch_size - 1)
    peak = max(one.values())
    if peak + allowance(peak) > where.free:
        return 0
    room = (where.free - allowance(where.free) - one["painting"]) // max(1, answer["each"])
    return max(1, min(MOST, 1 + int(room)))


def fit_to_card(
    settings: GenerateSettings, workspace: Workspace, card: Card | None = None
) -> tuple[dict[str, Any], Fit]:
    """The least costly changes with which it fits (fewer at once, a packed base, smaller), and the fit."""
    changes: dict[str, Any] = {}
    fit = work_out(settings, workspace, card)
    while fit.verdict == "too big" and fit.savers:
        changes[fit.savers[0].field] = fit.savers[0].value
        fit = work_out(settings.model_copy(update=changes), workspace, card)
    return changes, fit


def _answer(settings: GenerateSettings, workspace: Workspace, card: Card) -> dict[str, Any]:
    question = _question(settings, workspace, card)
    key = key_of(question)
    answer = remembered(workspace, key)
    if answer is None:
        answer = ask(MODULE, {**question, "base": settings.base, "workspace": str(workspace.root)})
        remember(workspace, key, answer)
    return answer


def _question(settings: GenerateSettings, workspace: Workspace, card: Card) -> dict[str, Any]:
    plan = blueprint(settings.base, workspace)
    usual = plan.family.defaults.resolution
    values = {
        "width": int((settings.width or usual) * settings.upscale) // 64 * 64 or usual,
        "height": int((settings.height or usual) * settings.upscale) // 64 * 64 or usual,
        "batch_size": settings.batch_size,
        "storage": settings.storage,
    }
    return {"settings": values, "precision": card.precision, "blueprint": plan.facts(), "painting": True}


def _fit(settings: GenerateSettings, answer: Mapping[str, Any], card: Card) -> Fit:
    savers = tuple(_savers(settings, answer))
    fits = {way: judged(answer[way], TITLES, card, savers) for way in WAYS}
    fitting = (way for way in WAYS if fits[way].verdict == "fits" or not card.is_card)
    way = next(fitting, "tiled")
    return replace(fits[way], sentence=fits[way].sentence + WAYS[way])


def _savers(settings: GenerateSettings, answer: Mapping[str, Any]) -> Iterator[Saver]:
    """What would need less, the least costly first."""
    if settings.batch_size > 1:
        half = settings.batch_size // 2
        frees = answer["each"] * (settings.batch_size - half)
        yield Saver("batch_size", half, f"{half} at once", frees, "a little more time")
    for name in ("fp8", "nf4", "offload"):
        kind = STORAGES.get(name)
        frees = STORAGES.get(settings.storage).bytes_of(answer["stored"]) - kind.bytes_of(answer["stored"])
        if frees > 0:
            costs = kind.about.rpartition("; ")[2].rstrip(".")
            yield Saver("storage", name, f"Base as {kind.title}", frees, costs)
