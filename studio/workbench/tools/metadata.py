"""Metadata: the same weights under other words."""

from __future__ import annotations

from studio.errors import SettingsError
from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.settings import WorkbenchSettings
from studio.workbench.tools._base import Tool

KEYS = {
    "title": "modelspec.title",
    "trigger": "modelspec.trigger_phrase",
    "author": "modelspec.author",
    "about": "modelspec.description",
}


class MetadataSettings(WorkbenchSettings):
    """What the new file says of itself."""

    task: str = Knob("metadata", label="Tool", help="What to do.", widget="hidden")
    to: str = Knob("", label="Save as", help="The name of the new file; the old one stays as it is.")
    title: str = Knob("", label="Title", help="Empty leaves it as it is.")
    trigger: str = Knob("", label="Trigger word", help="What calls it in a prompt; empty leaves it.")
    author: str = Knob("", label="Author", help="Empty leaves it as it is.")
    about: str = Knob("", widget="lines", label="Description", help="Empty leaves it as it is.")
    entries: str = Knob(
        "",
        widget="lines",
        advanced=True,
        label="Other entries",
        help="One a line, such as modelspec.license=CC0; nothing behind the sign takes an entry out.",
    )
    strip: bool = Knob(
        False,
        label="Take out everything else",
        help="All that is known of the training, its pictures' tags and whose it is.",
    )


class Metadata(Tool):
    """Byte for byte the same tensors."""

    name, title, verb, order = "metadata", "Change its words", "Write", 55
    about = "Title, trigger word, author and description, in a copy; or takes the training's traces out."
    settings, most = MetadataSettings, 1

    def work(self, job: Job, settings: MetadataSettings) -> str:
        """Write the copy, and see that its weights are the same bytes."""
        from studio.adapters.reading import data_hash
        from studio.adapters.workbench.saving import lineage, rewrite_metadata
        from studio.errors import AdapterError

        job.watch("Writing")(0, 1)
        source = job.path(settings.loras[0].name)
        target = job.target(settings.to, f"{source.stem} edited")
        words = {key: getattr(settings, name) for name, key in KEYS.items() if getattr(settings, name)}
        came = (
            {} if settings.strip else {"modelspec.merged_from": lineage([(source.stem, data_hash(source))])}
        )
        rewrite_metadata(source, target, changes=came | words, strip=settings.strip)
        if data_hash(target) != data_hash(source):
            target.unlink()
            raise AdapterError(f"{target.name} did not come out whole", remedy="Is the disk all right?")
        job.made(target)
        return f"“{target.stem}” is written. Its weights are the same bytes as before."


def _entries(text: str) -> dict[str, str]:
    """`key=words` by line; raises `SettingsError` for a line that is none."""
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    for key, equals, _ in pairs:
        if not equals or not key.strip():
            raise SettingsError(
                f"Other entries: “{key[:60]}” cannot be used",
                remedy="Write it as modelspec.license=CC0.",
                field="entries",
            )
    return {key.strip(): words.strip() for key, _, words in pairs}


ENTRY = Metadata()
