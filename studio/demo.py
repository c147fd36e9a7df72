"""The demo: the sample pictures captioned, trained and mixed on the miniature, and what came of it.

The page's guided path uses the same samples, settings and prompts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from studio.caption.settings import CaptionSettings
from studio.console import console, do
from studio.data.captions import read_caption
from studio.data.imports import import_pictures
from studio.errors import StudioError
from studio.generate.settings import GenerateSettings
from studio.jobs.events import Artifact, EventLog
from studio.jobs.run import Run, new_run
from studio.jobs.worker import Worker
from studio.kinds import KINDS
from studio.settings import Settings, presets
from studio.train.settings import TrainSettings
from studio.workspace import ASSETS, Workspace, free_path, writing


@dataclass(frozen=True)
class Sample:
    """Sample pictures, and how a LoRA is trained on them: a preset, and the values over it."""

    folder: Path
    dataset: str
    preset: str
    values: Mapping[str, Any]

    def settings(self, dataset: str) -> TrainSettings:
        """The training's settings, on the dataset into which the pictures were brought."""
        preset = presets("train")[self.preset]
        return TrainSettings.layered(preset.values, self.values, {"dataset": dataset})


SUBJECT = Sample(
    ASSETS / "demo" / "subject",
    "Sample fox",
    "pocket-subject",
    {"name": "Sample fox", "trigger": "sks", "class_word": "fox", "seed": 1},
)
STYLE = Sample(
    ASSETS / "demo" / "style",
    "Sample ink style",
    "pocket-style",
    {"name": "Sample ink style", "trigger": "zwx", "seed": 1},
)
PROMPTS = (
    "a picture of sks fox in zwx style",
    "a picture of sks fox on a blue background",
    "a panda in zwx style",
    "a house in zwx style on a yellow background",
)
WEIGHTS = ((1.0, 0.0), (0.0, 1.0), (0.8, 0.8))
"""The pairs of weights at which the demo mixes: of the subject, of the style."""


def run_demo(workspace: Workspace) -> Path:
    """Go the whole way and return the report; raises `StudioError` where a step fails."""
    began = time.monotonic()
    worker = Worker(workspace, KINDS)
    datasets = [_bring_in(workspace, sample) for sample in (SUBJECT, STYLE)]
    trained = []
    for sample, folder in zip((SUBJECT, STYLE), datasets, strict=True):
        _do(worker, "caption", CaptionSettings(dataset=folder.name), folder.name)
        trained.append(_do(worker, "train", sample.settings(folder.name), folder.name))
    loras = [_made(workspace, run, "lora")[0].stem for run in trained]
    pictures = [
        [_paint(worker, prompt, loras, weights) for prompt in PROMPTS] for weights in ((0.0, 0.0), *WEIGHTS)
    ]
    folder = free_path(workspace.outputs / "demo")
    folder.mkdir(parents=True)
    _contact_sheet(pictures, loras).save(folder / "contact-sheet.png")
    report = folder / "report.md"
    with writing(report) as file:
        file.write(_report(workspace, datasets, trained, time.monotonic() - began))
    console.print(f"The contact sheet and the report are in {folder}")
    return report


def _bring_in(workspace: Workspace, sample: Sample) -> Path:
    """The dataset of the sample pictures; one that is there from an earlier demo serves again."""
    folder = workspace.datasets / sample.dataset
    if not folder.is_dir():
        import_pictures(workspace, sample.dataset, sorted(sample.folder.glob("*.png")))
    return folder


def _do(worker: Worker, kind: str, settings: Settings, title: str) -> Run:
    run = new_run(worker.workspace, kind, settings, title=title)
    ended = do(worker, run)
    if ended.outcome != "done":
        raise StudioError(f"The demo ended at “{title}”", why=ended.message)
    return run


def _made(workspace: Workspace, run: Run, what: str) -> list[Path]:
    events = EventLog(run.folder(workspace)).since()[0]
    return [Path(event.path) for event in events if isinstance(event, Artifact) and event.what == what]


def _paint(worker: Worker, prompt: str, loras: Sequence[str], weights: Sequence[float]) -> Path:
    mixes = [{"name": name, "weight": weight} for name, weight in zip(loras, weights, strict=True)]
    settings = GenerateSettings.parse({"prompt": prompt, "adapters": mixes, "seed": 7})
    told = " and ".join(f"{name} {weight:g}" for name, weight in zip(loras, weights, strict=True))
    return _made(worker.workspace, _do(worker, "generate", settings, told), "picture")[0]


def _contact_sheet(rows: Sequence[Sequence[Path]], loras: Sequence[str]) -> Image.Image:
    """One row for each pair of weights, one column for each prompt, both written beside the pictures."""
    side, left, top = 256, 190, 56
    font = ImageFont.load_default(15)
    sheet = Image.new("RGB", (left + side * len(PROMPTS), top + side * len(rows)), "#faf9f7")
    draw = ImageDraw.Draw(sheet)
    for column, prompt in enumerate(PROMPTS):
        draw.text((left + side * column + 8, 10), prompt.replace(" on ", "\non "), "#333", font)
    for row, (weights, pictures) in enumerate(zip(((0.0, 0.0), *WEIGHTS), rows, strict=True)):
        told = "\n".join(f"{name}  {weight:g}" for name, weight in zip(loras, weights, strict=True))
        draw.text((12, top + side * row + side // 2 - 20), told, "#333", font)
        for column, path in enumerate(pictures):
            with Image.open(path) as picture:
                shown = picture.convert("RGB").resize((side - 4, side - 4), Image.Resampling.LANCZOS)
            sheet.paste(shown, (left + side * column, top + side * row))
    return sheet


def _report(workspace: Workspace, datasets: Sequence[Path], trained: Sequence[Run], seconds: float) -> str:
    lines = ["# What the demo did", "", f"It took {seconds / 60:.1f} minutes.", "", "## Captions", ""]
    for folder in datasets:
        lines += [f"- {file.name}: {read_caption(file)}" for file in sorted(folder.glob("*.png"))]
    lines += [
        "",
        "## Trainings",
        "",
        "| LoRA | steps | first losses | last losses | size |",
        "|---|---|---|---|---|",
    ]
    lines += [_training_line(workspace, run) for run in trained]
    lines += ["", "## Mixes", "", "![one row for each pair of weights](contact-sheet.png)", ""]
    return "\n".join(lines)


def _training_line(workspace: Workspace, run: Run) -> str:
    metrics = (run.folder(workspace) / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    losses = [json.loads(line)["loss"] for line in metrics]
    part = max(1, len(losses) // 10)
    first, last = sum(losses[:part]) / part, sum(losses[-part:]) / part
    lora = _made(workspace, run, "lora")[0]
    return f"| {lora.stem} | {len(losses)} | {first:.4f} | {last:.4f} | {lora.stat().st_size / 1e6:.2f} MB |"
