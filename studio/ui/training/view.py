"""A training as one sees it: how far it is, its losses and samples, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from markupsafe import Markup

from studio.jobs.snapshot import JobView
from studio.ui.desk import Desk
from studio.ui.jobs_panel import STATES, behind, facts
from studio.ui.markup import render, size_in_words
from studio.ui.plot import Losses, loss_plot
from studio.ui.training.choice import changes_in_words
from studio.ui.training.memory import Recorded, read_memory
from studio.ui.training.outcome import kept_html, verdict_html
from studio.ui.training.samples import samples_html

EARLIER = 100  # trainings that the room knows of
EMPTY = (
    "Choose a dataset and press Train. Its progress, the loss and sample pictures appear here as it learns."
)


class TrainingView:
    """Renders trainings, and remembers how far their losses were read."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._losses: dict[str, Losses] = {}

    def trainings(self) -> list[JobView]:
        """The trainings of the workspace, newest first, without those that were taken from the queue."""
        every = self.desk.recent("train", EARLIER)
        return [view for view in every if view.began or view.state != "stopped"]

    def losses(self, view: JobView) -> Losses:
        """The losses of a run as they are now."""
        folder = view.run.folder(self.desk.workspace)
        return self._losses.setdefault(view.run.id, Losses(folder)).look()

    def html(self, chosen: str) -> str:
        """The chosen training, or the one in hand, or the newest; a sentence where there is none."""
        earlier = self.trainings()
        view = next((one for one in earlier if one.run.id == chosen), None) or self.desk.present("train")
        if view is None:
            return render("training", job=None, empty=EMPTY)
        folder = view.run.folder(self.desk.workspace)
        losses = self.losses(view)
        called, memory = names(earlier), read_memory(folder)
        job = {**facts(self.desk, view), "title": called.get(view.run.id, view.run.title)}
        return render(
            "training",
            job=job if view.state != "failed" else {**job, "message": ""},
            why=_why(view),
            saver=memory.saver if view.state == "failed" else None,
            afresh=_afresh(view),
            behind=behind(self.desk, view),
            earlier=[{"id": one.run.id, "title": line(one, called[one.run.id])} for one in earlier],
            figures=_figures(view, losses, memory),
            checks=_checks(view),
            memory=memory.phases,
            on_processor=memory.on_processor,
            plot=Markup(loss_plot(losses, view.total)),
            samples=Markup(samples_html(self.desk, view)),
            verdict=Markup(verdict_html(self.desk, view)) if not job["live"] else "",
            kept=Markup(kept_html(self.desk, view)),
            lora=self._lora(view),
        )

    def _lora(self, view: JobView) -> dict[str, Any] | None:
        made = [one for one in view.artifacts if one.what == "lora" and Path(one.path).exists()]
        if not made:
            return None
        path, settings = Path(made[-1].path), view.run.settings
        subject = f"{settings.get('trigger', '')} {settings.get('class_word', '')}".strip()
        return {
            "name": path.stem,
            "file": path.name,
            "trigger": settings.get("trigger", ""),
            "weight": f"{float(made[-1].facts.get('weight', 1)):g}",
            "prompt": _prompt(view) or subject,
            "base": settings.get("base", "pocket"),
            "preview": self.desk.small(path.with_suffix(".png"), 128),
        }


def names(trainings: Sequence[JobView]) -> dict[str, str]:
    """What each training is called, by its id; those of one title are numbered in the order of asking."""
    together, counted = Counter(one.run.title for one in trainings), Counter[str]()
    found = {}
    for one in sorted(trainings, key=lambda view: view.run.created):
        title = one.run.title
        counted[title] += 1
        found[one.run.id] = f"{title} ({counted[title]})" if together[title] > 1 else title
    return found


def free_title(trainings: Sequence[JobView], title: str) -> str:
    """The title, with a number where a training is called that already."""
    taken = {one.run.title for one in trainings}
    others = (f"{title} ({number})" for number in count(2))
    return next(each for each in chain((title,), others) if each not in taken)


def line(view: JobView, name: str) -> str:
    """A training in one line: what, when, and what became of it."""
    return f"{name} · {when(view)} · {STATES[view.state].lower()}"


def when(view: JobView) -> str:
    """The day and time at which a run was asked for; today's by the time alone."""
    begun = datetime.fromtimestamp(view.run.created)
    return (
        begun.strftime("%H:%M") if begun.date() == datetime.now().date() else begun.strftime("%d %b, %H:%M")
    )


def _why(view: JobView) -> dict[str, str] | None:
    """Why a training ended by itself: what happened first, then the reason and what to do."""
    if view.state != "failed" or not view.message:
        return None
    first, _, rest = view.message.partition(". ")
    return {"what": first.rstrip(".") + ".", "rest": rest}


def _afresh(view: JobView) -> str | None:
    """What to start anew with, in words ("" is with nothing else), where going on would end alike."""
    if view.state != "failed" or view.afresh is None:
        return None
    return changes_in_words(view.afresh)


def _figures(view: JobView, losses: Losses, memory: Recorded) -> list[tuple[str, str]]:
    """Figures of the last step, as (name, value)."""
    found = []
    if losses.looks:
        name = "loss of pictures kept apart" if losses.apart else "loss at fixed noise"
        found.append((name, f"{losses.looks[-1][1]:.3g}"))
    if losses.rates:
        found.append(("learning rate", f"{losses.rates[-1]:.2g}"))
    if losses.seconds and view.state == "running":
        found.append(("a step takes", f"{losses.seconds:.2g} s"))
    if losses.memory:
        name = "memory, with the program itself" if memory.on_processor else "memory of the card"
        found.append((name, size_in_words(round(losses.memory))))
    return found


def _checks(view: JobView) -> list[str]:
    """What was checked and found right, each once."""
    told = (str(one.facts.get("sentence", "")) for one in view.artifacts if one.what == "check")
    return list(dict.fromkeys(filter(None, told)))


def _prompt(view: JobView) -> str:
    """The first sample prompt: what the LoRA was watched with is a good beginning to paint with it."""
    return next((str(a.facts.get("prompt", "")) for a in view.artifacts if a.what == "sample"), "")
