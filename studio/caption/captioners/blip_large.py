"""BLIP large."""

from __future__ import annotations

from studio.caption.captioners._blip import HubBlip

ENTRY = HubBlip(
    name="blip-large",
    title="BLIP large",
    about="A longer and surer sentence than BLIP base. Needs about 2 GB of memory; slow without a card.",
    hub_id="Salesforce/blip-image-captioning-large",
    download_bytes=1_880_000_000,
    unwanted=frozenset({"arafed", "araffe", "arafe"}),  # words that this model alone knows
    order=11,
)
