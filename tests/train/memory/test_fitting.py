"""Will it fit? Known at once the second time, with savers, and fitted to a card by the least of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from studio.errors import ModelError
from studio.memory.allowance import GIB
from studio.memory.fit import card_of
from studio.train import fitting
from studio.train.fitting import fit_to_card, known, work_out
from studio.train.settings import TrainSettings
from studio.workspace import Workspace


class Counted:
    """In place of the process: a model of 4 GiB whose step keeps 2 GiB for each picture."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, module: str, question: Mapping[str, Any]) -> dict[str, Any]:
        self.asked += 1
        values = question["settings"]
        base = {"plain": 4.0, "int8": 2.0, "fp8": 2.0, "nf4": 1.0, "offload": 0.1}[values["storage"]]
        each = 0.5 if values["gradient_checkpointing"] else 2.0
        each *= (values["resolution"] / 1024) ** 2
        states = 0.6 if values["optimizer"] == "adamw" else 0.15
        text = 0.3 if values.get("text_learning_rate") else 0.0
        activations = each * values["batch_size"]
        step = base + states + text + activations
        facts = {
            "activations": activations, "checkpointed": activations / 4, "trained": 0.075,
            "text": text, "stored": 2.0,
        }  # fmt: skip
        peaks = {"text": 1.0, "latents": 1.0, "step": step, "sampling": base, "saving": 0.2}
        return {
            "peaks": {name: int(size * GIB) for name, size in peaks.items()},
            "facts": {**{name: int(size * GIB) for name, size in facts.items()}, "resolution": 1024},
        }


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    stand_in = Counted()
    monkeypatch.setattr(fitting, "ask", stand_in)
    return stand_in


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


def settings(**values: Any) -> TrainSettings:
    return TrainSettings.parse({"dataset": "-", "base": "sdxl", **values})


def test_a_setting_is_known_once_it_was_worked_out(counted: Counted, workspace: Workspace) -> None:
    asked, card = settings(), card_of(8)
    assert known(asked, workspace, card) is None
    found = work_out(asked, workspace, card)
    assert known(asked, workspace, card) == found
    assert work_out(settings(steps=7, learning_rate=1e-5, trigger="zwx"), workspace, card) == found
    assert counted.asked == 1


@pytest.mark.parametrize(
    "change",
    [
        {"rank": 32}, {"batch_size": 2}, {"resolution": 768}, {"storage": "fp8"}, {"optimizer": "adamw"},
        {"gradient_checkpointing": False}, {"text_learning_rate": 1e-5}, {"accumulation": 4},
        {"network": "dora"}, {"precision": "fp16"}, {"base": "sd1"},
    ],
    ids=str,
)  # fmt: skip
def test_what_changes_the_memory_is_worked_out_anew(
    counted: Counted, workspace: Workspace, change: dict[str, Any]
) -> None:
    work_out(settings(), workspace, card_of(8))
    assert known(settings(**change), workspace, card_of(8)) is None


def test_savers_come_in_the_order_of_what_they_cost(counted: Counted, workspace: Workspace) -> None:
    hungry = settings(gradient_checkpointing=False, optimizer="adamw", batch_size=4, text_learning_rate=1e-5)
    found = work_out(hungry, workspace, card_of(8)).savers
    order = ["gradient_checkpointing", "optimizer", "batch_size", "text_learning_rate"]
    assert [saver.field for saver in found] == [*order, *["storage"] * 3, "resolution"]
    assert [saver.value for saver in found[4:7]] == ["fp8", "nf4", "offload"]
    assert all(saver.frees > 0 and saver.costs and saver.title for saver in found)


@pytest.mark.parametrize(
    ("gib", "changes"),
    [
        (16, {}),
        (9, {"gradient_checkpointing": True}),
        (6, {"gradient_checkpointing": True, "batch_size": 1, "accumulation": 4}),
        (4, {"batch_size": 1, "accumulation": 4, "gradient_checkpointing": True, "storage": "fp8"}),
    ],
)
def test_fit_to_card_changes_no_more_than_it_must(
    counted: Counted, workspace: Workspace, gib: float, changes: dict[str, Any]
) -> None:
    asked = settings(gradient_checkpointing=False, batch_size=4)
    found, fit = fit_to_card(asked, workspace, card_of(gib))
    assert found == changes
    assert fit.verdict != "too big"


def test_a_card_that_is_too_small_is_told_so(counted: Counted, workspace: Workspace) -> None:
    _, fit = fit_to_card(settings(), workspace, card_of(1))
    assert fit.verdict == "too big"
    assert not fit.savers or fit.sentence


def test_a_base_that_nobody_knows_is_a_sentence(workspace: Workspace) -> None:
    with pytest.raises(ModelError):
        work_out(settings(base="nobody/knows-it"), workspace, card_of(8))
