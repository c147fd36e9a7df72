"""Florence-2 base, in the layout of transformers' own classes."""

from __future__ import annotations

from studio.caption.captioners._florence import HubFlorence

ENTRY = HubFlorence(
    name="florence-base",
    title="Florence-2 base",
    about="A sentence, a detailed one or a paragraph. The best for its size, and kind to small cards.",
    hub_id="florence-community/Florence-2-base",
    download_bytes=540_000_000,
    memory_bytes=1_500_000_000,
    order=20,
)
