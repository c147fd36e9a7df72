"""Did it learn? After the warm-up a training must have changed what the model says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.errors import TrainingError
from studio.train.astray import lower_rate
from studio.train.loop import Loop
from studio.train.optimizers import OPTIMIZERS
from studio.train.probe import Probe
from studio.train.schedules import rate_factor

if TYPE_CHECKING:
    from torch import Tensor

FEWEST = 20  # steps, before which nobody can tell
NOTHING = 1e-5  # of what the base says: less is the noise of the arithmetic
RUINED = 2.0  # times the base's loss at the same noise: no LoRA worth keeping comes from there


class Ruined(TrainingError):
    """The network has unlearned how to paint."""


def check_at(loop: Loop) -> int:
    """The step after which it is checked, once the full learning rate has worked for a while; 0 is never."""
    settings = loop.settings
    if settings.steps < FEWEST:
        return 0
    full = next((done for done in range(settings.steps) if rate_factor(done, settings) >= 0.99), 0)
    return min(settings.steps, max(FEWEST, full + settings.steps // 20))


def demand_learning(loop: Loop, probe: Probe) -> float:
    """By how much the network moved what the base says; raises `TrainingError`, saying why, if by nothing."""
    with loop.at_rest(), loop.accelerator.autocast():
        ours = probe.answers()
        with loop.attached.off():
            base = probe.answers()
    by = moved(ours, base)
    if by < NOTHING:
        raise TrainingError(
            f"After {loop.done} steps the LoRA still changes nothing",
            why=_cause(loop),
            remedy=_remedy(loop),
            afresh=_afresh(loop),
        )
    return by


def demand_sense(loss: float, base: float, loop: Loop) -> None:
    """Raise `Ruined` if the network's loss at fixed noise is far above that of the base alone."""
    if loss > RUINED * base:
        raise Ruined(
            f"After {loop.done} steps the LoRA has unlearned how to paint",
            why=f"At the same noise its error is {loss:.3g}, that of the base {base:.3g}, because the "
            f"learning rate ({loop.settings.learning_rate:g}) is too high",
            remedy="Train again with a tenth of it. The checkpoints from before are kept.",
            afresh=lower_rate(loop.settings.learning_rate),
        )


def moved(ours: Tensor, base: Tensor) -> float:
    """‖ours - base‖ / ‖base‖."""
    return float((ours - base).norm() / base.norm().clamp(min=1e-12))


def _too_low(loop: Loop) -> bool:
    return loop.settings.learning_rate < _usual(loop) / 50


def _cause(loop: Loop) -> str:
    if _too_low(loop):
        return f"The learning rate ({loop.settings.learning_rate:g}) is too low to move it"
    if all(not mask.any() for mask in loop.material.shelf.masks.values()) and loop.material.shelf.masks:
        return "The masks are black everywhere, so that nothing is learned"
    if not any(example.caption for example in loop.material.plan.examples):
        return "All captions are empty and there is no trigger word, so that it has nothing to hold on to"
    return "No correction reaches it, as happens with a base model that does not fit or is damaged"


def _remedy(loop: Loop) -> str:
    if _too_low(loop):
        return f"Train again with {_usual(loop):g}, which is usual for this optimizer."
    return "Mend that, or try another base model, and train again."


def _afresh(loop: Loop) -> dict[str, Any]:
    return {"learning_rate": _usual(loop)} if _too_low(loop) else {}


def _usual(loop: Loop) -> float:
    return OPTIMIZERS.get(loop.settings.optimizer).usual_rate
