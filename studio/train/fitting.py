"""Will it fit? What a training needs of a card, known at once or worked out; without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.memory.blueprints import blueprint
from studio.memory.fit import Card, Fit, Phase, Saver, card_of, judged, this_card, this_machine
from studio.memory.process import ask
from studio.memory.store import key_of, remember, remembered
from studio.models.storage import STORAGES
from studio.train.class_pictures import keeps_class
from studio.train.memory.phases import PHASES
from studio.train.optimizers import OPTIMIZERS
from studio.train.settings import TrainSettings
from studio.workspace import Workspace

__all__ = [
    "Card", "Fit", "Phase", "Saver", "card_of", "changes_of", "fit_to_card", "known", "this_card", "work_out",
]  # fmt: skip

MODULE = "studio.train.memory"
MATTER = (
    *("resolution", "resolutions", "batch_size", "network", "rank", "blocks", "initialization"),
    *("optimizer", "gradient_checkpointing", "storage", "precision"),
)
"""Settings that matter as they are."""
WHETHER = {"dropout": 0.1, "ema": 0.99, "huber": 0.1, "text_learning_rate": 1e-4}
"""Settings of which it matters only whether they are on."""
PACKED = ("fp8", "nf4", "offload")  # the least costly first
SMALLEST = 512  # pixels, below which a resolution is not lowered


def known(settings: TrainSettings, workspace: Workspace, card: Card | None = None) -> Fit | None:
    """The fit, if these settings were worked out before; by default for this machine's card."""
    where = card or this_machine()
    answer = remembered(workspace, key_of(_question(settings, workspace, where)))
    return _fit(settings, answer, where) if answer is not None else None


def work_out(settings: TrainSettings, workspace: Workspace, card: Card | None = None) -> Fit:
    """The fit, counted in a process of its own, within half a minute; raises `StudioError`."""
    where = card or this_machine()
    question = _question(settings, workspace, where)
    key = key_of(question)
    answer = remembered(workspace, key)
    if answer is None:
        answer = ask(MODULE, {**question, "base": settings.base, "workspace": str(workspace.root)})
        remember(workspace, key, answer)
    return _fit(settings, answer, where)


def fit_to_card(
    settings: TrainSettings, workspace: Workspace, card: Card | None = None
) -> tuple[dict[str, Any], Fit]:
    """The least costly changes with which it fits, and the fit with them.

    In this order: gradient checkpointing, 8-bit states, a smaller batch with accumulation, the text encoder
    left alone, a packed base, one that lies beside the card, a lower resolution. What turns out not to be
    needed is taken back.
    """
    changes: dict[str, Any] = {}
    fit = work_out(settings, workspace, card)
    while fit.verdict == "too big" and fit.savers:
        step = changes_of(_with(settings, changes), fit.savers[0])
        changes |= step
        fit = work_out(_with(settings, changes), workspace, card)
    return (_least(settings, changes, workspace, card), fit) if fit.verdict != "too big" else (changes, fit)


def _least(
    settings: TrainSettings, changes: dict[str, Any], workspace: Workspace, card: Card | None
) -> dict[str, Any]:
    """Take back the costlier of the changes without which it fits as well."""
    for names in (("text_learning_rate",), ("batch_size", "accumulation"), ("gradient_checkpointing",)):
        fewer = {name: value for name, value in changes.items() if name not in names}
        if fewer and fewer != changes:
            fit = work_out(_with(settings, fewer), workspace, card)
            if fit.verdict != "too big":
                changes = fewer
    return changes


def _with(settings: TrainSettings, changes: Mapping[str, Any]) -> TrainSettings:
    return settings.model_copy(update=dict(changes))


def changes_of(settings: TrainSettings, saver: Saver) -> dict[str, Any]:
    """What to change for a saver: a smaller batch is made up for by accumulation."""
    changes = {saver.field: saver.value}
    if saver.field == "batch_size":
        changes["accumulation"] = settings.accumulation * settings.batch_size // int(saver.value)
    return changes


def _question(settings: TrainSettings, workspace: Workspace, card: Card) -> dict[str, Any]:
    """All that the answer depends on."""
    plan = blueprint(settings.base, workspace)
    values = {name: getattr(settings, name) for name in MATTER}
    values |= {name: on for name, on in WHETHER.items() if getattr(settings, name)}
    values["accumulation"] = 2 if settings.accumulation > 1 or _with_class(settings) else 1
    values["resolution"] = settings.resolution or plan.family.defaults.resolution
    values["precision"] = card.precision if settings.precision == "auto" else settings.precision
    return {"settings": values, "blueprint": plan.facts(), "frugal": card.is_card}


def _with_class(settings: TrainSettings) -> bool:
    return bool(settings.class_word) and keeps_class(settings)


def _fit(settings: TrainSettings, answer: Mapping[str, Any], card: Card) -> Fit:
    titles = {name: phase.title for name, phase in PHASES.items()}
    return judged(answer["peaks"], titles, card, tuple(_savers(settings, answer)))


def _savers(settings: TrainSettings, answer: Mapping[str, Any]) -> Iterator[Saver]:
    """What would need less, the least costly first; estimated from what was counted."""
    facts, peaks = answer["facts"], answer["peaks"]
    rest = max((size for name, size in peaks.items() if name != "step"), default=0)

    def saver(field: str, value: Any, title: str, step: int, costs: str) -> Iterator[Saver]:
        frees = max(peaks.values()) - max(step, rest)
        if frees > 0:
            yield Saver(field, value, title, frees, costs)

    step = peaks["step"]
    if not settings.gradient_checkpointing:
        checkpointed = step - facts["activations"] + facts["checkpointed"]
        yield from saver(
            "gradient_checkpointing", True, "Gradient checkpointing", checkpointed, "a third more time"
        )
    if lighter := OPTIMIZERS.get(settings.optimizer).lighter:
        title = OPTIMIZERS.get(lighter).title
        yield from saver("optimizer", lighter, title, step - 6 * facts["trained"], "nothing to speak of")
    if settings.batch_size > 1:
        half = settings.batch_size // 2
        smaller = step - facts["activations"] * (settings.batch_size - half) // settings.batch_size
        title = f"{half} at a time, added up"
        yield from saver("batch_size", half, title, smaller, "a little more time")
    if settings.text_learning_rate:
        title = "Leave the text encoder as it is"
        yield from saver("text_learning_rate", 0.0, title, step - facts["text"], "what it would have learned")
    yield from _smaller_base(settings, facts, peaks)
    resolution = settings.resolution or facts["resolution"]
    if resolution > SMALLEST:
        lower = max(SMALLEST, resolution * 3 // 4 // 64 * 64)
        share = 1 - (lower / resolution) ** 2
        yield Saver(
            "resolution", lower, f"Pictures at {lower} px", int(facts["activations"] * share), "fine detail"
        )


def _smaller_base(
    settings: TrainSettings, facts: Mapping[str, int], peaks: Mapping[str, int]
) -> Iterator[Saver]:
    """Packing the base, where it is not packed as much already; all phases with the denoiser need less."""
    now = STORAGES.get(settings.storage).bytes_of(facts["stored"])
    for name in PACKED:
        kind = STORAGES.get(name)
        frees = now - kind.bytes_of(facts["stored"])
        if frees > 0:
            costs = kind.about.rpartition("; ")[2].rstrip(".")
            yield Saver("storage", name, f"Base as {kind.title}", frees, costs)
