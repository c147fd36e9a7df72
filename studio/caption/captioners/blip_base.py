"""BLIP base."""

from __future__ import annotations

from studio.caption.captioners._blip import HubBlip

ENTRY = HubBlip(
    name="blip-base",
    title="BLIP base",
    about="A short sentence for photographs and drawings. Needs about 1 GB of memory; quick on any card.",
    hub_id="Salesforce/blip-image-captioning-base",
    revision="refs/pr/50",  # the main branch has pickled weights only, which are not opened here
    download_bytes=990_000_000,
    order=10,
)
