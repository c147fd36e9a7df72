"""Results: what came of the last job of the workbench, above the library."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from markupsafe import Markup

from studio.jobs.events import Artifact
from studio.jobs.snapshot import JobView
from studio.ui.desk import Desk
from studio.ui.jobs_panel import behind, facts
from studio.ui.loras.clash import Weight, clash_html
from studio.ui.markup import render
from studio.workbench.looks import open_look

LASTS = 3600.0  # seconds for which the last result is shown by itself


class Results:
    """One for each server; what was put away stays away."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._away: set[str] = set()

    def html(self) -> str:
        """The job in hand, or what came of the last one."""
        view = self.desk.present("workbench")
        if view is None or view.run.id in self._away or _old(view):
            return ""
        clash, job = _clash(view), facts(self.desk, view)
        return render(
            "workbench",
            job={**job, "message": "", "steps": ""} if clash else job,  # the map says it too
            behind=behind(self.desk, view),
            done=view.state == "done",
            loras=[{"name": a.facts.get("name", ""), "title": Path(a.path).stem} for a in _of(view, "lora")],
            check=_check(view),
            sheet=_sheet(view),
            clash=Markup(clash),
            task=view.run.settings.get("task", ""),
        )

    def put_away(self, run_id: str) -> None:
        """Show it no more."""
        self._away.add(run_id)


def _old(view: JobView) -> bool:
    return view.ended_at is not None and time.time() - view.ended_at > LASTS


def _of(view: JobView, what: str) -> list[Artifact]:
    return [artifact for artifact in view.artifacts if artifact.what == what]


def _check(view: JobView) -> dict[str, Any] | None:
    for artifact in _of(view, "check"):
        return {"after": artifact.path, **artifact.facts}
    return None


def _sheet(view: JobView) -> list[dict[str, Any]]:
    """The suggested mixes, in the order that the search found best once it is known."""
    found = {artifact.path: artifact for artifact in _of(view, "suggestion")}
    order = next((artifact.facts["pictures"] for artifact in _of(view, "order")), list(found))
    return [
        {"path": path, "told": _told(found[path].facts["mix"]), **found[path].facts}
        for path in order
        if path in found
    ]


def _told(mix: list[dict[str, Any]]) -> list[str]:
    """Each LoRA with its weight, and when it acts."""
    return [f"{each['name'].rpartition('/')[2]} {each['weight']:g}{_when(each)}" for each in mix]


def _when(each: dict[str, Any]) -> str:
    if each["end"] < 1:
        return ", early"
    return ", late" if each["start"] > 0 else ""


def _clash(view: JobView) -> str:
    for artifact in _of(view, "look"):
        look = open_look(Path(artifact.path))
        if look is None:
            return ""
        weights = [Weight(one["name"], float(one["weight"])) for one in artifact.facts["loras"]]
        return clash_html(look, weights, evens=False)
    return ""
