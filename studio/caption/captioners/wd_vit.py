"""WD tagger v3, ViT."""

from __future__ import annotations

from studio.caption.captioners._tagger import HubTagger

ENTRY = HubTagger(
    name="wd-vit",
    title="WD tagger, ViT",
    about="Tags of Danbooru for drawings and anime: what is there, who it is, how it looks.",
    hub_id="SmilingWolf/wd-vit-tagger-v3",
    download_bytes=378_000_000,
    memory_bytes=600_000_000,
    order=25,
)
