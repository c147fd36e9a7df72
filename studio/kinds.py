"""The kinds of jobs that the studio knows, for the page, the command line and the worker."""

from __future__ import annotations

from studio.caption.settings import CaptionSettings
from studio.examine.settings import ExamineSettings
from studio.generate.settings import GenerateSettings
from studio.jobs.worker import Engine, Kind
from studio.train.settings import TrainSettings
from studio.workbench.settings import WorkbenchSettings


def _caption() -> Engine:
    from studio.caption.engine import CaptionEngine

    return CaptionEngine()


def _examine() -> Engine:
    from studio.examine.engine import ExamineEngine

    return ExamineEngine()


def _train() -> Engine:
    from studio.train.engine import TrainEngine

    return TrainEngine()


def _generate() -> Engine:
    from studio.generate.engine import GenerateEngine

    return GenerateEngine()


def _workbench() -> Engine:
    from studio.workbench.engine import WorkbenchEngine

    return WorkbenchEngine()


KINDS = {
    kind.name: kind
    for kind in (
        Kind("caption", CaptionSettings, _caption),
        Kind("examine", ExamineSettings, _examine),
        Kind(
            "train", TrainSettings, _train, own_process=True, cards=lambda given: int(given.get("cards", 1))
        ),
        Kind("generate", GenerateSettings, _generate),
        Kind("workbench", WorkbenchSettings, _workbench),
    )
}
