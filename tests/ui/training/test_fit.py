"""Will it fit? What the form shows of a fit, on a card and without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.memory.fit import Card, Fit, Phase, Saver
from studio.train.settings import TrainSettings
from studio.ui.desk import Desk
from studio.ui.training.fit import FitView, shown
from studio.ui.training.memory import read_memory
from studio.workspace import Workspace

GIB = 2**30
CARD = Card("RTX 2080 Ti", 11 * GIB, 10 * GIB, "fp16")
SAVER = Saver("gradient_checkpointing", True, "Gradient checkpointing", 3 * GIB, "a third more time")


def fit(verdict: str = "fits", card: Card | None = CARD, gib: int = 6) -> Fit:
    phases = (Phase("text", "Captions", GIB), Phase("step", "Training step", gib * GIB))
    return Fit(phases, card, GIB, verdict, (SAVER,), "It needs up to 7.0 GiB.")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "words", "sign", "button"),
    [("fits", "It fits", "✓", False), ("tight", "Tight", "!", True), ("too big", "Too big", "✕", True)],
)
def test_the_verdict_is_said_in_words_and_signs_too(
    verdict: str, words: str, sign: str, button: bool
) -> None:
    html = shown(fit(verdict))
    assert words in html
    assert sign in html
    assert ("Fit to my card" in html) is button


def test_a_phase_that_does_not_fit_is_marked_and_savers_say_what_they_free_and_cost() -> None:
    html = shown(fit("too big", gib=12))
    assert html.count('class="bar over"') == 1
    assert "frees 3.0 GiB · costs a third more time" in html
    assert "data-field=\"gradient_checkpointing\" data-value='true'" in html


def test_without_a_card_the_figure_is_told_calmly() -> None:
    html = shown(fit(card=Card("this machine", 24 * GIB, 12 * GIB, "fp32")))
    assert "No graphics card here: it runs on the processor." in html
    assert "Fit to my card" not in html


def test_it_is_worked_out_once_and_a_fault_is_a_sentence(workspace: Workspace) -> None:
    fake = Fake()
    view = FitView(Desk(workspace), fake, pause=0)
    settings = TrainSettings(dataset="x")
    assert "Working out" in view.html(settings)
    view._fits.wait()
    assert "It fits" in view.html(settings)
    view.html(TrainSettings(dataset="another one"))
    assert fake.asked == 1
    changes, told = view.to_card(settings)
    assert changes == {"rank": 8}
    assert told.startswith("Now with rank 8.")


def test_what_memory_was_really_needed_stands_beside_the_estimate(tmp_path: Path) -> None:
    assert read_memory(tmp_path).phases == ()
    phases = {"step": {"peak": 2**30, "estimate": 2**31}, "saving": {"peak": 0, "estimate": 9}}
    saver = {"field": "storage", "value": "fp8", "title": "Base as fp8"}
    (tmp_path / "memory.json").write_text(json.dumps({"phases": phases, "short": {"saver": saver}}))
    found = read_memory(tmp_path)
    assert found.phases == (("Training step", "1.0 GiB", "2.0 GiB"),)
    assert found.saver == saver


class Fake:
    """Stands for `studio.train.fitting`."""

    asked = 0

    def known(self, settings: TrainSettings, workspace: Workspace) -> Fit | None:
        return None

    def work_out(self, settings: TrainSettings, workspace: Workspace) -> Fit:
        self.asked += 1
        return fit()

    def fit_to_card(self, settings: TrainSettings, workspace: Workspace) -> tuple[dict[str, int], Fit]:
        return {"rank": 8}, fit()
