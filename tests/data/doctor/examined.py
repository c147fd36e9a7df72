"""Datasets of ordinary pictures, and what the doctor says of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from studio.data.dataset import open_dataset
from studio.data.doctor import Finding, Report, examine
from studio.models.facts import BaseFacts
from studio.workspace import Workspace
from tests.data.doctor import ordinary

PHOTOS, DRAWINGS = ordinary.photos(), ordinary.drawings()


def save(folder: Path, pictures: Mapping[str, Image.Image], suffix: str = ".png") -> Path:
    folder.mkdir(exist_ok=True)
    for name, image in pictures.items():
        image.save(folder / f"{name}{suffix}")
    return folder


def look(workspace: Workspace, folder: Path, base: BaseFacts | None = None) -> Report:
    return examine(open_dataset(folder), workspace=workspace, base=base)


def found(report: Report, check: str) -> list[str]:
    """The names, without their endings, of the pictures that a check named."""
    return [path.stem for finding in report.findings if finding.check == check for path in finding.pictures]


def the(report: Report, check: str) -> Finding:
    return next(finding for finding in report.findings if finding.check == check)
