"""WD tagger v3, EVA02 large."""

from __future__ import annotations

from studio.caption.captioners._tagger import HubTagger

ENTRY = HubTagger(
    name="wd-eva02",
    title="WD tagger, EVA02 large",
    about="Tags of Danbooru for drawings and anime; the surest of the four.",
    hub_id="SmilingWolf/wd-eva02-large-tagger-v3",
    download_bytes=1_260_000_000,
    memory_bytes=1_400_000_000,
    order=28,
)
