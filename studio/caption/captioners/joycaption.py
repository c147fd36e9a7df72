"""JoyCaption Beta One: a LLaVA with Llama 3.1 8B that was made for captioning training pictures."""

from __future__ import annotations

from studio.caption.captioners._chat import HubChat

ENTRY = HubChat(
    name="joycaption",
    title="JoyCaption",
    about="A chat model made for captions of art and photographs. For cards below 24 GB, in 4 bits.",
    licence="Llama 3.1 Community License",
    hub_id="fancyfeast/llama-joycaption-beta-one-hf-llava",
    download_bytes=17_000_000_000,
    memory_bytes=18_500_000_000,
    order=32,
)
