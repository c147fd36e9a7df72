"""All trainings beside one another, and two of them compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup
from send2trash import send2trash

from studio.errors import StudioError
from studio.jobs.snapshot import ENDED_EARLY, JobView
from studio.networks import NETWORKS
from studio.settings import knobs
from studio.train.settings import TrainSettings
from studio.ui.desk import Desk
from studio.ui.jobs_panel import STATES
from studio.ui.markup import picture_url, render
from studio.ui.plot import HEIGHT, WIDTH, small_plot, smoothed, two_plots
from studio.ui.training.choice import in_words
from studio.ui.training.outcome import SCORES, recommended
from studio.ui.training.samples import by_prompt
from studio.ui.training.view import TrainingView, names, when

THUMB = 128
MISSING = "not known then"
OVER = ("done", *ENDED_EARLY)


def runs_html(view: TrainingView, marked: list[str]) -> str:
    """All trainings with their curves; those in `marked` are being compared."""
    trainings = view.trainings()
    called = names(trainings)
    return render(
        "runs",
        runs=[_card(view, one, called[one.run.id], marked) for one in trainings],
        marked=[called[one.run.id] for one in trainings if one.run.id in marked],
        width=WIDTH,
        height=HEIGHT,
    )


def _card(view: TrainingView, one: JobView, name: str, marked: list[str]) -> dict[str, Any]:
    losses, settings = view.losses(one), one.run.settings
    last = _last_samples(view.desk, one)[:1]
    words = (one.run.title, *(settings.get(name, "") for name in ("dataset", "base", "network")))
    return {
        "id": one.run.id,
        "title": name,
        "ended": one.state in OVER,
        "told": f"{when(one)} · {STATES[one.state].lower()}",
        "made_of": f"{_network(settings)} of rank {settings.get('rank', '')}, "
        f"{settings.get('steps', '')} steps, rate {settings.get('learning_rate', 0):g}",
        "curve": Markup(small_plot(losses)),
        "loss": f"{smoothed(losses.losses)[-1]:.3g}" if losses.losses else "",
        "picture": last[0]["small"] if last else "",
        "marked": one.run.id in marked,
        "find": " ".join((*map(str, words), STATES[one.state])).lower(),
    }


def _network(settings: dict[str, Any]) -> str:
    name = str(settings.get("network", ""))
    return NETWORKS.get(name).title if name in NETWORKS.names() else name


def compare_html(view: TrainingView, marked: list[str]) -> str:
    """Two trainings: the settings that differ, both curves in one plot, their last samples."""
    known = {one.run.id: one for one in view.trainings()}
    pair = [known[name] for name in marked if name in known]
    if len(pair) != 2:
        return runs_html(view, marked)
    one, other = pair
    called = names(list(known.values()))
    titles = (f"{called[one.run.id]}, {when(one)}", f"{called[other.run.id]}, {when(other)}")
    return render(
        "compare",
        ids=[each.run.id for each in pair],
        names=titles,
        states=[STATES[each.state].lower() for each in pair],
        differences=differences(one.run.settings, other.run.settings),
        plot=Markup(two_plots(view.losses(one), view.losses(other), titles)),
        verdicts=_verdicts(view, pair),
        samples=[_last_samples(view.desk, each) for each in pair],
    )


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The settings that differ, as (label, this, that), in the order of the form."""
    return [
        (knob.label, in_words(one.get(knob.name, MISSING)), in_words(other.get(knob.name, MISSING)))
        for knob in knobs(TrainSettings)
        if one.get(knob.name, MISSING) != other.get(knob.name, MISSING)
    ]


def _verdicts(view: TrainingView, pair: list[JobView]) -> dict[str, Any]:
    """What both verdicts say, and the scores of what each recommends; empty where neither has one."""
    said = [recommended(view.desk, one) for one in pair]
    if not any(one.sentence for one in said):
        return {}
    rows = [
        (title, told, [one.scores.get(title, "") for one in said])
        for _, title, told in SCORES
        if any(title in one.scores for one in said)
    ]
    return {"said": [one.sentence for one in said], "scores": rows}


def bin_training(view: TrainingView, run: str) -> str:
    """Put a training that has ended into the system's bin; returns what to tell. Raises `StudioError`.

    What it put among the LoRAs stays there.
    """
    trainings = view.trainings()
    one = next((one for one in trainings if one.run.id == run), None)
    if one is None:
        raise StudioError("This training is no longer there")
    called = names(trainings)[run]
    if one.state not in OVER:
        raise StudioError("This training has not ended", remedy="Stop it first.")
    send2trash(one.run.folder(view.desk.workspace))
    return f"The training “{called}” is in the system's bin. LoRAs that came of it stay."


def _last_samples(desk: Desk, view: JobView) -> list[dict[str, Any]]:
    """The last sample of each prompt."""
    last = [strip[-1] for strip in by_prompt(view).values()]
    return [
        {
            "prompt": str(one.facts.get("prompt", "")),
            "step": int(one.facts.get("step", 0)),
            "url": picture_url(one.path),
            "small": picture_url(desk.small(Path(one.path), THUMB) or one.path),
        }
        for one in last
    ]
