"""What the form says of a choice beside its fields: looks at each picture, parameters, the learning rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from studio.data.dataset import dataset_folder, picture_files
from studio.errors import SettingsError, StudioError
from studio.models.identify import identify
from studio.models.layout import read_layout
from studio.models.source import resolve
from studio.networks import NETWORKS
from studio.train.class_pictures import keeps_class
from studio.train.optimizers import OPTIMIZERS
from studio.train.schedules import SCHEDULES, rate_factor
from studio.train.settings import TrainSettings
from studio.ui.desk import Desk
from studio.ui.markup import render
from studio.ui.training.later import Later

POINTS, WIDTH, HEIGHT = 120, 300, 56
NETWORK_KNOBS = (
    "base", "network", "rank", "alpha", "dropout", "blocks", "initialization", "rank_stabilised",
    "text_learning_rate",
)  # fmt: skip


class Asides:
    """Renders the lines; what takes reading a model's header comes a moment later."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._networks: Later[str] = Later(lambda fault: render("base", fault=fault))

    def summary(self, settings: TrainSettings) -> str:
        """How often each picture is looked at, and what is painted before the first step."""
        try:
            count = len(picture_files(dataset_folder(self.desk.workspace, settings.dataset)))
        except StudioError:
            count = 0
        if not count:
            return render("line", text="Choose a dataset to begin.")
        together = settings.batch_size * settings.accumulation
        seen = settings.steps * together / count
        painted = bool(settings.class_word) and not settings.class_folder and keeps_class(settings)
        return render(
            "train-summary",
            steps=settings.steps,
            together=together,
            pictures=count,
            seen=f"{seen:.0f}" if seen >= 1 else "less than 1",
            painted=settings.class_count if painted else 0,
            words=f"{settings.trigger} {settings.class_word}".strip()
            if settings.captions == "trigger"
            else "",
            trigger=settings.trigger,
        )

    def network(self, settings: TrainSettings) -> str:
        """What the network would be on this base: parameters, of how many, and the file's size."""
        key = tuple(getattr(settings, name) for name in NETWORK_KNOBS)
        about = NETWORKS.get(settings.network).about
        told = self._networks.get(key, self._describing(settings))
        return render("line", text=about) + (told or render("line", text="Counting the parameters …"))

    def _describing(self, settings: TrainSettings) -> Callable[[], str]:
        def describe() -> str:
            source = resolve(settings.base, self.desk.workspace)
            if source.kind == "hub":
                return render("line", text="How much is trained is known once the base is downloaded.")
            family = identify(source)
            network = NETWORKS.get(settings.network)
            told = network.describe(read_layout(source), family, settings).sentence()
            return render("network", told=told, blocks=", ".join(family.blocks))

        return describe

    def curve(self, settings: TrainSettings) -> str:
        """The learning rate over the steps, drawn."""
        last = max(1, settings.steps - 1)
        rates = [(part, rate_factor(round(part * last / POINTS), settings)) for part in range(POINTS + 1)]
        points = " ".join(f"{WIDTH * part / POINTS:.1f},{HEIGHT * (1 - rate):.1f}" for part, rate in rates)
        optimizer = OPTIMIZERS.get(settings.optimizer)
        return render(
            "curve",
            points=Markup(points),
            width=WIDTH,
            height=HEIGHT,
            rate=f"{settings.learning_rate:g}",
            end=f"{settings.learning_rate * rates[-1][1]:.2g}",
            steps=settings.steps,
            about="" if optimizer.schedules_itself else SCHEDULES.get(settings.schedule).about,
            itself=optimizer.title if optimizer.schedules_itself else "",
        )


def aside(
    look: Callable[[TrainSettings], str], settings: Callable[[Any], TrainSettings], *, faults: bool = False
) -> Any:
    """A look for the pulse; where a field holds what cannot be, nothing, or with `faults` what is wrong."""

    def told(given: Any) -> str:
        try:
            return look(settings(given))
        except SettingsError as fault:
            return render("base", fault=str(fault)) if faults else ""

    return told
