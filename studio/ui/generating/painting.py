"""Painting as it happens: previews while a slider moves, pictures in the making, the other half of an A-B."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from studio.errors import StudioError
from studio.generate.recipe import read_recipe
from studio.generate.restoring import restore
from studio.generate.settings import GenerateSettings
from studio.jobs.live import Glimpse, Viewer
from studio.ui.desk import Desk
from studio.ui.generating.draft import Draft
from studio.ui.generating.fitting import in_form
from studio.ui.generating.servant import Answer, Question
from studio.ui.library import Library
from studio.ui.pictures_view import PicturesView

PATIENCE = 60.0  # seconds that a preview may take: the base may have to be opened for it
SHORT = 2.0  # seconds that a question for a picture in the making waits


class Painting:
    """Answers the easel and the mixer while pictures come into being."""

    def __init__(self, desk: Desk, library: Library, draft: Draft, view: PicturesView) -> None:
        self.desk, self.library, self.draft, self.view = desk, library, draft, view

    def answer_live(self, question: Question) -> Answer:
        """Paint a small preview of the form with this mix; answers once it, or a newer one, is there."""
        if self.desk.dispatcher is None:
            return {}
        window = str(question["window"])[:20]
        lane = window + str(question.get("lane", ""))[:20]
        settings = self._settings(window, question)
        ticket = self.desk.dispatcher.live("generate", settings, window=lane)
        seen = self._wait_for(self.desk.dispatcher.viewer, ticket, lane)
        if seen is None:
            return {"fault": "The preview took too long; try once more.", "late": True}
        if seen.fault:
            return {"fault": seen.fault}
        return {"ticket": seen.ticket, "asked": ticket, "picture": _inline(seen.jpeg)}

    def answer_glimpse(self, question: Question) -> Answer:
        """The picture that a running job has in the making, once it is newer than `after`."""
        if self.desk.dispatcher is None:
            return {}
        viewer, run, after = self.desk.dispatcher.viewer, str(question["run"]), int(question["after"])
        latest = viewer.of_run(run)
        if latest is None or latest.number <= after:
            viewer.wait(max(after, 0), SHORT)
            latest = viewer.of_run(run)
        if latest is None or latest.number <= after:
            return {}
        return {"number": latest.number, "picture": _inline(latest.jpeg)}

    @staticmethod
    def _wait_for(viewer: Viewer, ticket: int, lane: str) -> Glimpse | None:
        """What came of a ticket, or of a later one that took its place."""
        after = 0
        while (found := viewer.glimpse(ticket)) is None:
            newest = viewer.wait(after, PATIENCE)
            if newest is None or (newest.window == lane and newest.ticket > ticket):
                return newest
            after = newest.number
        return found

    def answer_counterpart(self, question: Question) -> Answer:
        """Paint a picture again without its LoRAs, or without one of them; answers with the run."""
        path, without = Path(str(question["place"])), str(question["without"])
        if not self.view.own(path):
            raise StudioError("This picture is no longer there")
        values = dict(restore(read_recipe(path), self.desk.workspace).values)
        mix = [one for one in values.get("adapters", ()) if without not in ("", one["name"])]
        values |= {"adapters": mix, "count": 1, "batch_size": 1, "sheet": ()}
        settings = GenerateSettings.parse(values)
        title = f"Without {without.rpartition('/')[2]}" if without else "The bare base"
        return {"run": self.desk.submit("generate", settings, title=title).id}

    def answer_made(self, question: Question) -> Answer:
        """What a run has painted, and whether more will come."""
        with self.desk.lock:
            job = self.desk.journal.job(str(question["run"]))
            pictures = [self.view.told(path) for path in self.view.made(job)]
            return {"pictures": pictures, "state": job.state, "told": job.message}

    def answer_mixed(self, question: Question) -> Answer:
        """The LoRAs in a picture, for the choice of what to leave out."""
        path = Path(str(question["place"]))
        recipe = restore(read_recipe(path), self.desk.workspace) if self.view.own(path) else None
        mix = recipe.values.get("adapters", ()) if recipe else ()
        return {"adapters": [one["name"] for one in mix]}

    def _settings(self, window: str, question: Question) -> GenerateSettings:
        known = self.draft.of(window)
        mix = self.library.mixes(question["rows"], str(known.get("base") or "pocket"))
        return in_form(known, adapters=mix, count=1, batch_size=1, sheet=())


def _inline(jpeg: bytes) -> str:
    """A picture inside the page itself; it exists nowhere else."""
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
