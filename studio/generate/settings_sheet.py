"""The axes of an X/Y/Z sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio.settings import Knob, Settings

MOST_AXES, MOST_VALUES = 3, 50


class Axis(Settings):
    """One axis: a setting and the values that it takes along it.

    `setting` is the name of a setting, `lora NAME` for the weight of an adapter, `only` for one adapter
    of the mix alone (values: its name, `all` or `none`), or `replace` for words in the prompt: the first
    value is looked for, and each value stands in its place once.
    """

    setting: str = Knob(label="Setting", min_length=1, max_length=200, help="What changes along the axis.")
    values: tuple[str, ...] = Knob(
        label="Values", min_length=1, max_length=MOST_VALUES, help="The values that it takes, in order."
    )


def read_axes(given: Any) -> Any:
    """Axes as a person writes them, `steps=10,20,30`, a line or an item each; others are left as they are.

    `1-4` stands for whole numbers, `0..1/5` for five values between two; `|` parts values that have
    commas in them.
    """
    lines: Any = given.strip("()[] ").splitlines() if isinstance(given, str) else given
    if not isinstance(lines, Sequence):
        return given
    axes = [_axis(line) if isinstance(line, str) else line for line in lines if line]
    if len(axes) > MOST_AXES:
        raise ValueError(f"there can be at most {MOST_AXES} axes")
    return tuple(axes)


def _axis(line: str) -> Mapping[str, Any]:
    setting, equals, values = line.partition("=")
    if equals and not values.strip():
        raise ValueError("an axis has no values yet; write some, or take it out")
    if not equals:
        raise ValueError(f"“{line[:60]}” is no axis; write it like steps=10,20,30")
    parts = values.split("|" if "|" in values else ",")
    return {
        "setting": setting.strip(),
        "values": tuple(each for part in parts for each in _spread(part.strip())),
    }


def _spread(text: str) -> tuple[str, ...]:
    """`1-4` and `0..1/5` written out."""
    first, dash, last = text.partition("-")
    if dash and first.isdigit() and last.isdigit() and int(first) <= int(last) < int(first) + MOST_VALUES:
        return tuple(str(number) for number in range(int(first), int(last) + 1))
    span, slash, count = text.partition("/")
    low, dots, high = span.partition("..")
    if slash and dots and count.isdigit() and 2 <= int(count) <= MOST_VALUES:
        try:
            begin, end = float(low), float(high)
        except ValueError:
            return (text,)
        return tuple(f"{begin + (end - begin) * i / (int(count) - 1):g}" for i in range(int(count)))
    return (text,)
