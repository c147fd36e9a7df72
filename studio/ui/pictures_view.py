"""What has been painted: the picture on the stage, the one in the making, and those before."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.errors import PictureError
from studio.generate.recipe import read_recipe
from studio.jobs.snapshot import JobView
from studio.ui.desk import Desk
from studio.ui.jobs_panel import behind, facts
from studio.ui.markup import render

RECENT = 48  # pictures in the gallery
DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
EMPTY = "Say what the picture shows, and press Generate. Your LoRAs are mixed at their sliders."


class PicturesView:
    """Renders the stage and the gallery of the Generate room."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._listed: tuple[object, list[Path]] = (None, [])

    def stage(self, chosen: str) -> str:
        """The chosen picture; without a choice the one in the making, or else the newest."""
        job = self.desk.present("generate")
        live = job is not None and job.state in ("waiting", "running")
        own = _made(job, "picture") if job else []
        before = next(iter(self.outputs()), None)
        newest = own[-1] if own else before
        shown = self._known(chosen) or newest
        preview = self._preview(job) if live and not chosen else None
        return render(
            "stage",
            picture=shown,
            side=_side(shown),
            preview=preview,
            live=live and not chosen,
            job=facts(self.desk, job) if job and (live or job.can_resume) else None,
            behind=behind(self.desk, job),
            notes=facts(self.desk, job)["notes"] if job else [],
            strip=own if len(own) > 1 and not chosen else [],
            recipe=_recipe(shown) if shown else None,
            empty=EMPTY,
        )

    def gallery(self) -> str:
        """The pictures before, newest first."""
        pictures = [{"path": path, "small": self.desk.small(path, 256)} for path in self.outputs()]
        return render("gallery", pictures=pictures)

    def outputs(self) -> list[Path]:
        """The newest pictures in `outputs/`; listed again only when a folder there has changed."""
        days = sorted(self.desk.workspace.outputs.glob(DAY), reverse=True)
        stamp = [(day, day.stat().st_mtime_ns) for day in days]
        if stamp != self._listed[0]:
            found: list[Path] = []
            for day in days:
                files = [file for file in day.glob("*.png") if not file.name.startswith(".")]
                found += sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True)
                if len(found) >= RECENT:
                    break
            self._listed = (stamp, found[:RECENT])
        return self._listed[1]

    def _known(self, chosen: str) -> Path | None:
        path = Path(chosen) if chosen else None
        return path if path in self.outputs() else None

    def _preview(self, job: JobView | None) -> str:
        """The picture in the making, inside the page itself: its file is written anew at every step."""
        shown = _made(job, "preview") if job and not _made(job, "picture") else []
        try:
            return f"data:image/jpeg;base64,{b64encode(shown[-1].read_bytes()).decode()}" if shown else ""
        except OSError:
            return ""


def used_seed(job: JobView | None) -> int | None:
    """The seed of the first picture of a job."""
    seeds = [a.facts.get("seed") for a in job.artifacts if a.what == "picture"] if job else []
    return int(seeds[0]) if seeds and seeds[0] is not None else None


def _made(job: JobView, what: str) -> list[Path]:
    return [Path(artifact.path) for artifact in job.artifacts if artifact.what == what]


def _side(path: Path | None) -> int:
    """How wide a picture may be shown: a small one is enlarged, but not beyond four times."""
    from PIL import Image

    if path is None or not path.exists():
        return 0
    with Image.open(path) as image:
        return min(image.width * 4, 1400)


@lru_cache(maxsize=256)
def _recipe(path: Path) -> dict[str, Any] | None:
    try:
        recipe = read_recipe(path)
    except (PictureError, OSError):
        return None
    values = recipe.values
    return {
        "prompt": values.get("prompt", ""),
        "seed": values.get("seed"),
        "facts": [
            f"{values.get('width')} × {values.get('height')}",
            f"{values.get('steps')} steps",
            f"guidance {values.get('guidance'):g}" if values.get("guidance") else "",
            recipe.model,
        ],
        "adapters": [f"{used.stem} {used.weight:g}" for used in recipe.adapters],
    }
