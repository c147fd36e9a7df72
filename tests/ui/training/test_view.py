"""Trainings as one sees them: samples, verdict, checkpoints, why one stopped, and two compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from studio.errors import StudioError
from studio.jobs.events import Artifact, Ended, EventLog, Progress
from studio.jobs.processes import this_process
from studio.jobs.queue import Queue
from studio.jobs.run import Run, new_run
from studio.train.settings import TrainSettings
from studio.ui.desk import Desk
from studio.ui.training.memory import Recorded
from studio.ui.training.runs import bin_training, compare_html, differences, runs_html
from studio.ui.training.view import TrainingView, free_title, names
from studio.workspace import Workspace

PROMPTS = ("a picture of sks fox", "a picture of fox")
TOLD = {"steps": 4, "class_word": "fox"}


def training(workspace: Workspace, ended: Ended, **values: object) -> Run:
    """A run as a training leaves it: samples at steps 0, 2 and 4, metrics, checkpoints."""
    settings = TrainSettings.layered({"dataset": "foxes"}, TOLD, values)
    run = new_run(workspace, "train", settings, title=settings.name or "foxes")
    folder, log = run.folder(workspace), EventLog(run.folder(workspace))
    log.append(this_process())
    for step in (0, 2, 4):
        for number, prompt in enumerate(PROMPTS, 1):
            path = folder / "samples" / f"step-{step:06d}-{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.new("RGB", (8, 8)).save(path)
            facts = {"prompt": prompt, "step": step, "seed": 1, "base": step == 0, "trigger": "sks" in prompt}
            log.append(Artifact("sample", str(path), facts))
    lines = [
        {"step": step, "loss": 0.5 / step, "lr": 1e-4, "held_out": 0.4, "memory": 2e9} for step in range(1, 5)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    for step in (2, 4):
        file = folder / "checkpoints" / f"step-{step:06d}" / "lora.safetensors"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x" * 5000)
    log.append(Progress(4, 4, "Step 4 of 4"))
    log.append(ended)
    return run


def add_verdict(folder: Path) -> None:
    """A verdict with two checkpoints at two strengths, scored."""
    scores = {"likeness": 0.71, "fit": 0.3, "drift": 0.05, "variety": 0.2, "obeys": 0.1}
    pictures = [["a-1.png"], ["a-2.png"], ["a-3.png"]]
    cells = [
        {"step": step, "weight": weight, "pictures": pictures, **scores}
        for step in (2, 4)
        for weight in (0.8, 1.0)
    ]
    verdict = {
        "step": 2, "weight": 0.8, "sentence": "Checkpoint 2 at strength 0.8. Later ones copy.",
        "evidence": ["Likeness to your pictures: 0.71."], "scored_by": "the miniature's CLIP",
        "prompts": ["one", "two", "three"], "cells": cells, "tried": [], "base": {**cells[0], "step": 0},
    }  # fmt: skip
    (folder / "verdict.json").write_text(json.dumps(verdict))


@pytest.fixture
def view(workspace: Workspace) -> TrainingView:
    return TrainingView(Desk(workspace))


def test_samples_are_grouped_by_prompt_beside_the_bases_own(workspace: Workspace, view: TrainingView) -> None:
    run = training(workspace, Ended("stopped"))
    html = view.html(run.id)
    assert html.count("<article") == 2
    assert html.count("the base alone") >= 2
    assert html.count("without the trigger word") == 1
    assert 'data-steps="0 2 4"' in html
    assert "pictures kept apart" in html
    assert "2.0 GB" in html


def test_the_verdict_shows_every_cell_with_its_scores_and_marks_one(
    workspace: Workspace, view: TrainingView
) -> None:
    run = training(workspace, Ended("done"))
    add_verdict(run.folder(workspace))
    html = view.html(run.id)
    assert "Checkpoint 2 at strength 0.8. Later ones copy." in html
    assert html.count("recommended") == 1
    assert html.count('data-act="use"') == 4 + 2  # the cells, and the list of checkpoints
    assert "Likeness to your pictures: 0.71." in html
    assert "0.71</dd>" in html


def test_without_a_clip_the_cells_show_pictures_alone(workspace: Workspace, view: TrainingView) -> None:
    run = training(workspace, Ended("done"))
    add_verdict(run.folder(workspace))
    file = run.folder(workspace) / "verdict.json"
    verdict = json.loads(file.read_text())
    tried = [{name: one[name] for name in ("step", "weight", "pictures")} for one in verdict["cells"]]
    file.write_text(json.dumps({**verdict, "scored_by": "", "cells": [], "base": {}, "tried": tried}))
    html = view.html(run.id)
    assert html.count('class="cell') == 4
    assert "<dd>0.71" not in html


def test_a_training_that_stopped_by_itself_says_why_and_what_to_do(
    workspace: Workspace, view: TrainingView, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "The LoRA does not learn. The learning rate is very low. Try 1e-4 <b>."
    run = training(workspace, Ended("failed", told))
    html = view.html(run.id)
    assert "<h3>The LoRA does not learn.</h3>" in html
    assert "The learning rate is very low. Try 1e-4 &lt;b&gt;." in html
    assert "Use its settings again" in html
    saver = {"field": "storage", "value": "fp8", "title": "Base as fp8"}
    monkeypatch.setattr("studio.ui.training.view.read_memory", lambda run: Recorded(saver=saver))
    assert "Go on with “Base as fp8”" in view.html(run.id)


def test_where_going_on_would_end_alike_it_is_begun_afresh(workspace: Workspace, view: TrainingView) -> None:
    run = training(workspace, Ended("failed", "It went astray.", afresh={"learning_rate": 1e-5}))
    html = view.html(run.id)
    assert "Start afresh with learning rate 1e-05" in html
    assert 'data-act="resume"' not in html


def test_what_the_processor_measured_is_told_with_the_program_itself(
    workspace: Workspace, view: TrainingView
) -> None:
    run = training(workspace, Ended("done"))
    assert "memory of the card" in view.html(run.id)
    phases = {"step": {"peak": 655_000_000, "estimate": 61 * 2**20}}
    record = {"card": "processor", "phases": phases}
    (run.folder(workspace) / "memory.json").write_text(json.dumps(record))
    html = view.html(run.id)
    assert "memory, with the program itself" in html
    assert "holds the whole program with its libraries" in html


def test_tidying_up_names_what_it_frees_and_only_when_all_is_done(
    workspace: Workspace, view: TrainingView
) -> None:
    assert "Tidy up" not in view.html(training(workspace, Ended("stopped")).id)
    assert "Tidy up: 2 not in use, 10 KB" in view.html(training(workspace, Ended("done")).id)


def test_all_runs_are_listed_with_their_curves_and_two_are_compared(
    workspace: Workspace, view: TrainingView
) -> None:
    one = training(workspace, Ended("done"), name="One", rank=8)
    other = training(workspace, Ended("done"), name="Other", rank=32)
    listed = runs_html(view, [one.id])
    assert listed.count("<polyline") == 2
    assert listed.count('aria-pressed="true"') == 1
    assert "Choose another one to compare it with" in listed
    compared = compare_html(view, [one.id, other.id])
    assert "<td>8</td><td>32</td>" in compared
    assert compared.count("<figure><a") == 4  # two prompts of each


def test_two_that_are_compared_show_what_their_verdicts_say(workspace: Workspace, view: TrainingView) -> None:
    one, other = training(workspace, Ended("done")), training(workspace, Ended("done"))
    assert "The verdicts" not in compare_html(view, [one.id, other.id])
    add_verdict(other.folder(workspace))
    compared = compare_html(view, [one.id, other.id])
    assert "<td>none</td><td>Checkpoint 2 at strength 0.8. Later ones copy.</td>" in compared
    assert '">likeness</th><td></td><td>0.71</td>' in compared


def test_trainings_of_one_name_are_numbered_in_their_order(workspace: Workspace, view: TrainingView) -> None:
    first, alone, second = (training(workspace, Ended("done"), name=name) for name in ("Fox", "Owl", "Fox"))
    assert names(view.trainings()) == {first.id: "Fox (1)", alone.id: "Owl", second.id: "Fox (2)"}
    assert "<b>Fox (2)</b>" in runs_html(view, [])


def test_a_training_that_has_ended_goes_into_the_bin_and_its_loras_stay(
    workspace: Workspace, view: TrainingView, monkeypatch: pytest.MonkeyPatch
) -> None:
    binned: list[Path] = []
    monkeypatch.setattr("studio.ui.training.runs.send2trash", binned.append)
    one = training(workspace, Ended("done"), name="One")
    assert 'data-act="bin"' in runs_html(view, [])
    assert "LoRAs that came of it stay" in bin_training(view, one.id)
    assert binned == [one.folder(workspace)]
    with pytest.raises(StudioError, match="no longer there"):
        bin_training(view, "../elsewhere")


def test_a_training_that_is_in_hand_cannot_be_binned(workspace: Workspace, view: TrainingView) -> None:
    run = Queue(workspace).submit("train", TrainSettings(dataset="foxes"), title="Waiting")
    assert 'data-act="bin"' not in runs_html(view, [])
    with pytest.raises(StudioError, match="has not ended"):
        bin_training(view, run.id)


def test_the_verdict_shows_what_was_learned_from(workspace: Workspace, view: TrainingView) -> None:
    folder = workspace.datasets / "foxes"
    folder.mkdir()
    Image.new("RGB", (40, 40)).save(folder / "one.png")
    run = training(workspace, Ended("done"))
    add_verdict(run.folder(workspace))
    for _ in range(20):  # each look makes as many small pictures as it has time for
        view.desk.begin_look()
        shown = view.html(run.id).count("One of your pictures")
        if shown:
            break
    assert shown == 1


def test_differences_are_said_in_the_words_of_the_form() -> None:
    one = TrainSettings(dataset="x").model_dump(mode="json")
    other = {**one, "flip": False, "learning_rate": 3e-3, "name": "N"}
    assert differences(one, other) == [
        ("Name of the LoRA", "empty", "N"),
        ("Learning rate", "0.0001", "0.003"),
        ("Mirror at random", "on", "off"),
    ]


def test_a_training_of_a_name_that_is_taken_gets_a_number(workspace: Workspace) -> None:
    desk = Desk(workspace)
    for _ in range(3):
        title = free_title([*desk.recent("train", 9)], "fox")
        desk.submit("train", TrainSettings(dataset="fox"), title)
    assert sorted(job.run.title for job in desk.recent("train", 9)) == ["fox", "fox (2)", "fox (3)"]
