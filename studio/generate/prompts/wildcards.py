"""Lots in a prompt: `{red|blue}`, and `__colour__` for a line of `wildcards/colour.txt`.

The grammar inside the braces is that of the library dynamicprompts: `{2$$a|b|c}` draws two,
`{3::a|b}` makes the first three times as likely, and they may lie in one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from studio.errors import SettingsError
from studio.workspace import Workspace

WILDCARD = re.compile(r"__([\w*][\w*/. -]*?)__")
FOLDER = "wildcards"


def wildcards(workspace: Workspace) -> list[str]:
    """The names that stand between `__`; files in folders have the folder's name before theirs."""
    folder = workspace.root / FOLDER
    return sorted(file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.txt"))


def expand(workspace: Workspace, prompt: str, seed: int) -> str:
    """The prompt with its lots drawn, the same ones for the same seed.

    Raises `SettingsError` for braces that are not closed, and for a wildcard without a file.
    """
    if "{" not in prompt and not WILDCARD.search(prompt):
        return prompt
    draw = _Draw(workspace.root / FOLDER, seed)
    told, at = "", 0
    while at < len(prompt):
        named = WILDCARD.match(prompt, at)
        if prompt[at] == "{" and (at == 0 or prompt[at - 1] != "\\"):
            end = _closing(prompt, at)
            told, at = told + draw(prompt[at:end]), end
        elif named:
            told, at = told + draw(named[0]), named.end()
        else:
            told, at = told + prompt[at], at + 1
    return told


def word_faults(workspace: Workspace, prompt: str) -> Iterator[SettingsError]:
    """What `expand` would raise: for a brace that is not closed, and for each wildcard without a file."""
    plain = re.sub(r"\\[{}]", "", prompt)
    for start in (at for at, letter in enumerate(plain) if letter == "{"):
        try:
            _closing(plain, start)
        except SettingsError as fault:
            yield fault
            break
    if names := dict.fromkeys(WILDCARD.findall(prompt)):
        from dynamicprompts.wildcards import WildcardManager

        manager = WildcardManager(workspace.root / FOLDER)
        yield from (_missing(name, workspace.root / FOLDER) for name in names if not manager.get_values(name))


def _missing(name: str, folder: Path) -> SettingsError:
    return SettingsError(
        f"Prompt: there is no wildcard “{name[:60]}”",
        remedy=f"Put a file {name[:60]}.txt with a line for each choice into {folder}.",
        field="prompt",
    )


def _closing(prompt: str, start: int) -> int:
    depth = 0
    for at in range(start, len(prompt)):
        depth += (prompt[at] == "{") - (prompt[at] == "}")
        if not depth:
            return at + 1
    raise SettingsError(
        "Prompt: a brace { is not closed",
        why=f"“{prompt[start : start + 40]}” has no }} after it",
        remedy="Close it, or write \\{ for a plain brace.",
        field="prompt",
    )


class _Draw:
    """Draws with one sequence of random numbers."""

    def __init__(self, folder: Path, seed: int) -> None:
        from dynamicprompts.generators import RandomPromptGenerator
        from dynamicprompts.wildcards import WildcardManager

        self._folder, self._manager = folder, WildcardManager(folder)
        self._generator = RandomPromptGenerator(self._manager, seed=seed)

    def __call__(self, text: str) -> str:
        from pyparsing import ParseException

        self._all_there(text)
        try:
            return str(self._generator.generate(text, num_images=1)[0]).strip()
        except (ParseException, ValueError, IndexError, RecursionError) as fault:
            raise SettingsError(
                f"Prompt: “{text[:80]}” cannot be read",
                why=str(fault).partition("(at")[0],
                remedy="Write it like {red|blue}, or __name__ for a line of a wildcard file.",
                field="prompt",
            ) from None

    def _all_there(self, text: str) -> None:
        for name in WILDCARD.findall(text):
            if not self._manager.get_values(name):
                raise _missing(name, self._folder)
