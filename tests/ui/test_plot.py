"""The loss plot: reads only what is new, draws what one can see."""

from __future__ import annotations

import json
from pathlib import Path

from studio.ui.plot import POINTS, Losses, loss_plot, smoothed


def write(folder: Path, steps: range, *, mode: str = "a", tail: str = "") -> None:
    lines = "".join(json.dumps({"step": step, "loss": 1 / step}) + "\n" for step in steps)
    with (folder / "metrics.jsonl").open(mode) as file:
        file.write(lines + tail)


def test_the_plot_grows_with_the_file_and_waits_for_a_torn_line(tmp_path: Path) -> None:
    losses = Losses(tmp_path)
    assert losses.look().steps == []
    write(tmp_path, range(1, 4), tail='{"step": 4, "lo')
    assert losses.look().steps == [1, 2, 3]
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('ss": 0.5}\n')
    assert losses.look().losses[-1] == 0.5


def test_a_resumed_training_draws_no_step_twice(tmp_path: Path) -> None:
    losses = Losses(tmp_path)
    write(tmp_path, range(1, 11))
    assert losses.look().steps[-1] == 10
    (tmp_path / "new").mkdir()
    write(tmp_path / "new", range(1, 9))  # written whole, then renamed, as a resume does
    (tmp_path / "new" / "metrics.jsonl").replace(tmp_path / "metrics.jsonl")
    write(tmp_path, range(9, 13))
    assert losses.look().steps == list(range(1, 13))


def test_a_long_training_is_drawn_with_few_points(tmp_path: Path) -> None:
    write(tmp_path, range(1, 5001))
    html = loss_plot(Losses(tmp_path).look(), 5000)
    points = html.partition('class="smooth" points="')[2].partition('"')[0].split()
    assert len(points) <= POINTS
    assert points[-1].startswith("1000.0,")


def test_before_two_steps_there_is_no_plot(tmp_path: Path) -> None:
    write(tmp_path, range(1, 2))
    assert loss_plot(Losses(tmp_path).look(), 100) == ""


def test_smoothing_follows_a_change_and_calms_the_noise() -> None:
    noisy = [1.0 + (-1) ** i for i in range(200)]
    assert all(0.7 < value < 1.3 for value in smoothed(noisy)[20:])
    assert smoothed([5.0] * 10) == [5.0] * 10
