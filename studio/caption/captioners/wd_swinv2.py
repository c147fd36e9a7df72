"""WD tagger v3, SwinV2."""

from __future__ import annotations

from studio.caption.captioners._tagger import HubTagger

ENTRY = HubTagger(
    name="wd-swinv2",
    title="WD tagger, SwinV2",
    about="Tags of Danbooru for drawings and anime; a little surer than ViT.",
    hub_id="SmilingWolf/wd-swinv2-tagger-v3",
    download_bytes=392_000_000,
    memory_bytes=800_000_000,
    order=26,
)
