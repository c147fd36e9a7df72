"""What has been painted, as the Generate room shows it."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from studio.generate.settings import GenerateSettings
from studio.jobs import processes
from studio.jobs.events import Artifact, Ended, EventLog
from studio.ui.desk import Desk
from studio.ui.pictures_view import PicturesView
from studio.workspace import Workspace


def painted(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "teal").save(path)
    return str(path)


def test_in_a_workspace_that_was_moved_its_own_newest_picture_is_shown(
    workspace: Workspace, tmp_path: Path
) -> None:
    desk = Desk(workspace)
    run = desk.submit("generate", GenerateSettings(prompt="a fox"), "a fox")
    events = EventLog(run.folder(workspace))
    events.append(processes.this_process())
    events.append(Artifact("picture", painted(tmp_path / "before" / "outputs" / "2026-01-01" / "1.png")))
    events.append(Ended("done", "Painted."))
    here = painted(workspace.outputs / "2026-01-01" / "1.png")
    with desk.lock:
        told = json.loads(PicturesView(desk).easel(""))
    assert told["picture"]["place"] == here
