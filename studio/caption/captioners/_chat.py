"""Chat models that see: any that transformers opens as image-text-to-text, asked with a prompt."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from studio.caption.captioners._base import Captioner, OpenedModel, Speed
from studio.caption.captioners._hub import from_hub
from studio.caption.captioners._opening import open_class, opening
from studio.errors import ModelError, SettingsError

if TYPE_CHECKING:
    import torch

    from studio.caption.settings import CaptionSettings
    from studio.jobs.context import Context

LONGER = 1280  # pixels: of a larger picture these models make more tokens than they can use
NARROWEST = 20  # times as long as wide; some models refuse a narrower strip
# Small beside the language model, and the first to suffer; some of their layers break in 4 bits.
NOT_IN_FOUR_BITS = ("vision_tower", "vision_model", "visual", "multi_modal_projector", "connector", "lm_head")


class OpenedChat(OpenedModel):
    """A chat model with eyes, opened from a folder as `save_pretrained`, or the hub, left it."""

    side = 768
    alike = True

    def __init__(self, folder: Path, device: torch.device, *, four_bits: bool = False) -> None:
        self.device, self.movable = device, not four_bits
        options = {"quantization_config": quantization(device)} if four_bits else {}
        with opening(folder):
            self.processor = still_processor(folder)
            self.model = open_class(
                "AutoModelForImageTextToText", folder, device, trust_remote_code=False, **options
            )
        if self.processor.chat_template is None:
            raise ModelError(
                f"{folder.name} cannot be asked about pictures",
                why="It has no chat template",
                remedy="Choose a model that was made for chats; its name often ends in “Instruct” or “it”.",
            )
        self.processor.tokenizer.padding_side = "left"

    def caption(self, images: list[Image.Image], settings: CaptionSettings) -> list[str]:
        """What the model answers to the prompt, its likeliest words each time."""
        import torch

        asked = self.processor.apply_chat_template(
            [_question(fitted(image), settings.prompt) for image in images],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
        ).to(self.device, self.model.dtype)
        with torch.inference_mode():
            tokens = self.model.generate(**asked, max_new_tokens=settings.longest, do_sample=False)
        answers = tokens[:, asked["input_ids"].shape[1] :]
        return [spoken(text) for text in self.processor.batch_decode(answers, skip_special_tokens=True)]


def still_processor(folder: Path) -> Any:
    """The model's processor for pictures, without its part for films, which needs a library more."""
    from transformers import AutoConfig, AutoProcessor
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    kind = PROCESSOR_MAPPING.get(type(config), None)
    if kind is None or "video_processor" not in kind.get_attributes():
        return AutoProcessor.from_pretrained(folder, trust_remote_code=False)
    parts = [part for part in kind.get_attributes() if part != "video_processor"]
    still: Any = type(kind.__name__, (kind,), {"get_attributes": classmethod(lambda cls: parts)})
    return still.from_pretrained(folder, trust_remote_code=False)


def fitted(image: Image.Image) -> Image.Image:
    """The image no larger than the models make use of, a narrow strip on white."""
    image = image.copy()
    image.thumbnail((LONGER, LONGER))
    least = -(-max(image.size) // NARROWEST)
    if min(image.size) >= least:
        return image
    wide = Image.new("RGB", (max(image.width, least), max(image.height, least)), "white")
    wide.paste(image, ((wide.width - image.width) // 2, (wide.height - image.height) // 2))
    return wide


def spoken(answer: str) -> str:
    """An answer without the thoughts that some models write down before it."""
    return re.sub(r"(?s)^.*</think>", "", answer).strip()


def _question(image: Image.Image, prompt: str) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": [{"type": "image", "image": image}, {"type": "text", "text": prompt}]}
    ]


def quantization(device: torch.device) -> Any:
    """How the weights come in 4 bits, on cards that can; raises `SettingsError` elsewhere."""
    if device.type != "cuda":
        raise SettingsError(
            "In 4 bits: this needs an NVIDIA card, and there is none here",
            remedy="Switch it off, or choose a smaller captioner.",
            field="four_bits",
        )
    from studio.models.opening import best_precision, precision

    return nf4(precision(best_precision(device)))


def nf4(dtype: torch.dtype) -> Any:
    """NF4, twice quantised (arXiv 2305.14314), computed in `dtype`."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=[rf"(.*\.)?{part}" for part in NOT_IN_FOUR_BITS],
    )


@dataclass(frozen=True)
class HubChat(Captioner):
    """A chat model of the hub that is known to caption well."""

    name: str
    title: str
    about: str
    licence: str
    hub_id: str
    download_bytes: int
    memory_bytes: int
    order: int
    speed: Speed = "slow"
    reads: frozenset[str] = frozenset({"prompt", "longest", "four_bits"})

    def key(self, settings: CaptionSettings) -> Hashable:
        """The same weights in 4 bits are another model."""
        return self.name, settings.four_bits

    def open(self, device: torch.device, context: Context, settings: CaptionSettings) -> OpenedChat:
        """Open it, after its download the first time; raises `ModelError`, `Offline`, `SettingsError`."""
        return open_from_hub(self.hub_id, device, context, settings)


def open_from_hub(
    hub_id: str, device: torch.device, context: Context, settings: CaptionSettings
) -> OpenedChat:
    """Open a chat model of the hub, after its download the first time."""
    if settings.four_bits:
        quantization(device)  # refused before the download, not after it
    return OpenedChat(from_hub(hub_id, "main", context), device, four_bits=settings.four_bits)
