"""Florence-2 large, in the layout of transformers' own classes."""

from __future__ import annotations

from studio.caption.captioners._florence import HubFlorence

ENTRY = HubFlorence(
    name="florence-large",
    title="Florence-2 large",
    about="A sentence, a detailed one or a paragraph; sees more than Florence-2 base.",
    hub_id="florence-community/Florence-2-large",
    download_bytes=1_650_000_000,
    memory_bytes=3_500_000_000,
    speed="moderate",
    order=21,
)
