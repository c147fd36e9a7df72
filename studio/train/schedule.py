"""The learning rate over the steps."""

from __future__ import annotations

from math import cos, pi


def learning_rate_factor(done: int, steps: int, warmup: float) -> float:
    """What the learning rate is multiplied by after `done` of `steps` steps.

    It rises in a straight line over the first part, `warmup`, then falls along half a cosine to
    zero (Loshchilov and Hutter, arXiv 1608.03983).
    """
    rising = round(steps * warmup)
    if done < rising:
        return (done + 1) / (rising + 1)
    return 0.5 * (1 + cos(pi * (done - rising) / max(1, steps - rising)))
