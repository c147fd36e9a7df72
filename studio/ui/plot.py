"""The loss plot: an SVG of our own, light for each step, strong for the smoothed course."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor, log10
from pathlib import Path
from statistics import fmean, quantiles

from markupsafe import Markup

from studio.ui.markup import render

WIDTH, HEIGHT = 1000, 240  # of the drawing's own coordinates; the page stretches it
POINTS = 500  # drawn at most
PARTS = 4  # between the lines of the grid


@dataclass
class Losses:
    """The losses of a run, of which only what was added is read at each look."""

    folder: Path
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    looks: list[tuple[int, float]] = field(default_factory=list)
    """(step, loss at fixed noise), of pictures kept apart, or of trained ones where `apart` is false."""
    apart: bool = True
    memory: float = 0.0
    seconds: float = 0.0
    _offset: int = 0
    _file: int = 0

    def look(self) -> Losses:
        """Bring it up to date; a file that was written anew (after a resume) is read anew."""
        path = self.folder / "metrics.jsonl"
        try:
            status = path.stat()
        except FileNotFoundError:
            return self
        if status.st_ino != self._file or status.st_size < self._offset:
            self.steps, self.losses, self.rates, self.looks = [], [], [], []
            self._offset, self._file = 0, status.st_ino
        if status.st_size > self._offset:
            with path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._offset += len(whole)
            for line in whole.splitlines():
                self._add(line)
        return self

    def _add(self, line: bytes) -> None:
        try:
            values = json.loads(line)
            step, loss = int(values["step"]), float(values["loss"])
        except (ValueError, KeyError, TypeError):
            return
        if loss == loss:  # a NaN is told by the engine, not drawn
            self.steps.append(step)
            self.losses.append(loss)
            self.rates.append(float(values.get("lr", 0)))
            self._add_figures(step, values)

    def _add_figures(self, step: int, values: dict[str, float]) -> None:
        self.memory = float(values.get("memory", self.memory))
        self.seconds = float(values.get("seconds", self.seconds))
        for measure in ("held_out", "seen_loss"):
            if measure in values:
                self.apart = measure == "held_out"
                self.looks.append((step, float(values[measure])))


def loss_plot(losses: Losses, total: int) -> str:
    """The plot as HTML, or nothing before there are two points."""
    if len(losses.steps) < 2:
        return ""
    smooth = smoothed(losses.losses)
    looks = [value for _, value in losses.looks]
    low, high = _range([*losses.losses, *looks], smooth)
    last = max(total, losses.steps[-1])

    def line(values: Sequence[float]) -> str:
        return _polyline(*_thinned(losses.steps, values), last=last, low=low, high=high)

    held = _polyline([step for step, _ in losses.looks], looks, last=last, low=low, high=high)
    rates = _polyline(*_thinned(losses.steps, losses.rates), last=last, low=0, high=max(losses.rates) or 1)
    return render(
        "plot",
        raw=Markup(line(losses.losses)),
        smooth=Markup(line(smooth)),
        held=Markup(held) if len(looks) > 1 else "",
        apart=losses.apart,
        rates=Markup(rates),
        rate=f"{losses.rates[-1]:.2g}",
        now=f"{smooth[-1]:.3g}",
        words=f"Loss: {smooth[0]:.3g} at the start, {smooth[-1]:.3g} at step {losses.steps[-1]}",
        **_frame(low, high, last),
    )


def two_plots(one: Losses, other: Losses, names: tuple[str, str]) -> str:
    """The smoothed losses of two runs in one plot; nothing while either has less than two steps."""
    if len(one.steps) < 2 or len(other.steps) < 2:
        return ""
    courses = [smoothed(each.losses) for each in (one, other)]
    both = [value for course in courses for value in course]
    low, high = _range(both, both)
    last = max(one.steps[-1], other.steps[-1])
    lines = [
        Markup(_polyline(*_thinned(each.steps, course), last=last, low=low, high=high))
        for each, course in zip((one, other), courses, strict=True)
    ]
    return render("two-plots", lines=lines, names=names, **_frame(low, high, last))


def small_plot(losses: Losses) -> str:
    """The smoothed loss alone, as the points of a small drawing; nothing before there are two."""
    if len(losses.steps) < 2:
        return ""
    smooth = smoothed(losses.losses)
    low, high = min(smooth), max(smooth)
    return _polyline(
        *_thinned(losses.steps, smooth), last=losses.steps[-1], low=low, high=high if high > low else low + 1
    )


def _frame(low: float, high: float, last: int) -> dict[str, object]:
    """The size of the drawing, its grid, and what is written beside it."""
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "grid": [HEIGHT * part / PARTS for part in range(PARTS + 1)],
        "marks": [f"{high - (high - low) * part / PARTS:.3g}" for part in range(PARTS + 1)],
        "steps": [round(last * part / PARTS) for part in range(PARTS + 1)],
    }


def smoothed(values: Sequence[float]) -> list[float]:
    """An exponential average over about a twentieth of the steps, without the pull of the first value."""
    keep = 1 - 1 / max(8.0, len(values) / 20)
    total = weight = 0.0
    course = []
    for value in values:
        total, weight = total * keep + value, weight * keep + 1
        course.append(total / weight)
    return course


def _range(raw: Sequence[float], smooth: Sequence[float]) -> tuple[float, float]:
    """Round ends, above all but the wildest twentieth of the steps and above all that is smoothed."""
    top = max(quantiles(raw, n=20)[-1] if len(raw) > 20 else max(raw), *smooth)
    low = min(*raw, *smooth)
    start = 0.0 if low < top * 0.5 else low
    step = _round_up((top - start) / PARTS or 1.0)
    start = floor(start / step) * step
    while start + PARTS * step < top:
        step = _round_up(step * 1.01)
        start = floor(start / step) * step
    return start, start + PARTS * step


def _round_up(step: float) -> float:
    """The next of 1, 2, 2.5, 4, 5 times a power of ten."""
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1, 2, 2.5, 4, 5, 10) if factor * power >= step * 0.9999)


def _thinned(steps: Sequence[int], values: Sequence[float]) -> tuple[list[int], list[float]]:
    """At most `POINTS` points, each the mean of its neighbours."""
    size = -(-len(steps) // POINTS)
    groups = range(0, len(steps), size)
    return [steps[min(i + size, len(steps)) - 1] for i in groups], [
        fmean(values[i : i + size]) for i in groups
    ]


def _polyline(steps: list[int], values: list[float], *, last: int, low: float, high: float) -> str:
    def y(value: float) -> float:
        return HEIGHT * (1 - min(1.0, max(0.0, (value - low) / (high - low))))

    return " ".join(f"{WIDTH * step / last:.1f},{y(v):.1f}" for step, v in zip(steps, values, strict=True))
