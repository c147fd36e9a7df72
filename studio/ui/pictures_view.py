"""What has been painted: the picture on the easel, the one in the making, and how it was made."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.data.pictures import SUFFIXES, probe
from studio.errors import PictureError
from studio.generate.recipe import read_recipe
from studio.jobs.snapshot import JobView
from studio.ui.desk import Desk
from studio.ui.jobs_panel import behind, facts
from studio.ui.markup import picture_url, render

DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
EMPTY = "Say what the picture shows, and press Generate. Your LoRAs are mixed at their sliders."
ENLARGED, WIDEST = 4, 1400  # a small picture is shown larger, but not beyond
BUSY = ("waiting", "running")


class PicturesView:
    """What the live pieces of the Generate room show."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def stage(self, chosen: str) -> str:
        """The job in hand and those that wait, what became of the last one, and what was to be noted."""
        job = self.desk.present("generate")
        told = facts(self.desk, job) if job else None
        shown = bool(job and told and (told["live"] or job.can_resume))
        empty = "" if job or self.newest() or chosen else EMPTY
        notes = told["notes"] if told and not chosen else []
        return render(
            "stage", job=told if shown else None, behind=behind(self.desk, job), notes=notes, empty=empty
        )

    def easel(self, chosen: str) -> str:
        """The picture that is to be seen, as JSON; while a job paints, also which one."""
        job = self.desk.present("generate")
        running = job is not None and job.state in BUSY and not chosen
        own = self.made(job)
        shown = self._known(chosen) or (own[-1] if own else None) or self.newest()
        told: dict[str, Any] = {
            "picture": self.told(shown) if shown else None,
            "running": job.run.id if job and running else "",
            "first": running and not own,
            "strip": [self.told(path) for path in own] if len(own) > 1 and not chosen else [],
        }
        return json.dumps(told)

    def recipe(self, chosen: str) -> str:
        """How the picture was made, and what can be done with it."""
        job = self.desk.present("generate")
        if job is not None and job.state in BUSY and not chosen:
            return ""
        own = self.made(job)
        shown = self._known(chosen) or (own[-1] if own else None) or self.newest()
        return render("recipe", picture=shown, recipe=_recipe(shown)) if shown else ""

    def told(self, path: Path) -> dict[str, Any]:
        """A picture for the page."""
        side = _side(path)
        return {"place": str(path), "url": picture_url(path), "side": side, "name": path.name}

    def newest(self) -> Path | None:
        """The newest picture in `outputs/`."""
        for day in sorted(self.desk.workspace.outputs.glob(DAY), reverse=True):
            pictures = [file for file in day.iterdir() if is_output(file)]
            if pictures:
                return max(pictures, key=lambda file: (file.stat().st_mtime_ns, file.name))
        return None

    def mark(self) -> str:
        """Changes whenever a picture comes or goes."""
        days = self.desk.workspace.outputs.glob(DAY)
        return json.dumps([(day.name, day.stat().st_mtime_ns) for day in sorted(days)])

    def _known(self, chosen: str) -> Path | None:
        path = Path(chosen) if chosen else None
        return path if path and self.own(path) else None

    def own(self, path: Path) -> bool:
        """Whether this is a picture of the workspace's outputs."""
        inside = path.resolve().is_relative_to(self.desk.workspace.outputs.resolve())
        return inside and is_output(path) and path.exists()

    def made(self, job: JobView | None) -> list[Path]:
        """What a job has painted and is there, the sheet last; none of it where the workspace was moved."""
        told = job.artifacts if job else ()
        paths = [Path(a.path) for what in ("picture", "sheet") for a in told if a.what == what]
        return [path for path in paths if self.own(path)]


def is_output(path: Path) -> bool:
    """Whether this is the name of a picture."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def used_seed(job: JobView | None) -> int | None:
    """The seed of the first picture of a job."""
    seeds = [a.facts.get("seed") for a in job.artifacts if a.what == "picture"] if job else []
    return int(seeds[0]) if seeds and seeds[0] is not None else None


def _side(path: Path) -> int:
    """How wide a picture may be shown."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return min(image.width * ENLARGED, WIDEST)
    except OSError:
        return 512


@lru_cache(maxsize=256)
def _recipe(path: Path) -> dict[str, Any] | None:
    try:
        recipe, (width, height) = read_recipe(path), probe(path)
    except (PictureError, OSError):
        return None
    values = recipe.values
    return {
        "prompt": values.get("prompt", ""),
        "negative": values.get("negative", ""),
        "seed": values.get("seed"),
        "facts": [
            f"{width} × {height}",
            f"{values.get('steps')} steps" if values.get("steps") else "",
            f"guidance {values.get('guidance'):g}" if values.get("guidance") else "",
            recipe.model,
        ],
        "adapters": [f"{used.stem} {used.weight:g}" for used in recipe.adapters],
    }
