"""WD tagger v3, ConvNeXt."""

from __future__ import annotations

from studio.caption.captioners._tagger import HubTagger

ENTRY = HubTagger(
    name="wd-convnext",
    title="WD tagger, ConvNeXt",
    about="Tags of Danbooru for drawings and anime; a little surer than ViT.",
    hub_id="SmilingWolf/wd-convnext-tagger-v3",
    download_bytes=395_000_000,
    memory_bytes=700_000_000,
    order=27,
)
