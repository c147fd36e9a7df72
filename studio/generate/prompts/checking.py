"""All that is wrong with the words of a generation, told at once."""

from __future__ import annotations

from collections.abc import Iterator

from studio.adapters.library import find_adapter
from studio.errors import AdapterError, SettingsError
from studio.generate.prompts.styles import find_styles, in_styles
from studio.generate.prompts.tags import TAG, take_loras
from studio.generate.prompts.wildcards import word_faults
from studio.generate.settings import GenerateSettings
from studio.workspace import Workspace

PLACE = "Prompt: "


def check_words(settings: GenerateSettings, workspace: Workspace) -> None:
    """Raise one `SettingsError` with everything that cannot be read, drawn or found in the prompts."""
    styled = in_styles(find_styles(workspace, settings.style), settings.prompt, settings.negative)
    faults = [fault for text in styled for fault in _faults(text, workspace)]
    if len(faults) == 1:
        raise faults[0]
    if faults:
        told = dict.fromkeys(str(fault).removeprefix(PLACE) for fault in faults)
        raise SettingsError(PLACE + " ".join(each[0].upper() + each[1:] for each in told), field="prompt")


def _faults(text: str, workspace: Workspace) -> Iterator[SettingsError]:
    yield from word_faults(workspace, text)
    for tag in TAG.finditer(text):
        try:
            take_loras(tag[0])
            find_adapter(workspace, tag[1])
        except SettingsError as fault:
            yield fault
        except AdapterError as fault:
            yield SettingsError(f"{PLACE}{fault.what}", why=fault.why, remedy=fault.remedy, field="prompt")
