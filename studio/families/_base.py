"""What a family of models is to the rest of the studio, and what an opened model can do.

Everything that differs between families lies behind these two classes; no other package asks
for a family's name.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline
    from torch import Tensor, nn

    from studio.families._placing import Place
    from studio.models.layout import Layout
    from studio.models.source import Source

Layers = Mapping[str, Mapping[str, tuple[int, ...]]]
"""The shapes of weights by module path, by part: "denoiser" and the names of the text encoders."""
UNET_BLOCKS = {"down": r"down_blocks\.", "middle": r"mid_block\.", "up": r"up_blocks\."}
Conditioning = Mapping[str, "Tensor"]
"""What the denoiser is told of the prompts: tensors by name, first dimension the batch."""


@dataclass(frozen=True)
class Frame:
    """What was cut from a picture, in pixels: some families are told of it in training.

    `original` (width, height) is the picture before it was made smaller, `corner` (left, top) where the
    part of it that is trained, `size` (width, height) large, begins in the smaller one.
    """

    original: tuple[int, int]
    corner: tuple[int, int]
    size: tuple[int, int]


@dataclass(frozen=True)
class Defaults:
    """What a person would choose for this family who knows it well."""

    resolution: int
    steps: int
    guidance: float
    sampler: str
    """Name of a sampler plug-in; "auto" is the scheduler that the base itself names."""
    subject_prompt: str = "a photo of {subject}"
    """The caption of a subject's pictures: `{subject}` is the trigger word and what it is."""
    style_prompt: str = "a picture in {subject} style"
    """The caption of a style's pictures."""
    target_modules: tuple[str, ...] = ("to_q", "to_k", "to_v", "to_out.0")


class Family(ABC):
    """One family of base models: how it is recognised, opened and named in files.

    A module in this package has one instance as its `ENTRY`. Importing it imports no torch.
    """

    name: str
    title: str
    architecture: str
    """`modelspec.architecture` of an adapter for this family, without the `/lora`."""
    base_version: str
    """`ss_base_model_version` as other trainers write it."""
    text_prefixes: Mapping[str, str]
    """kohya's key prefix of each text encoder, e.g. {"text_encoder": "lora_te"}."""
    defaults: Defaults
    configs: Path
    """Configurations and tokenizers that an original checkpoint does not hold, as in a diffusers folder."""
    blocks: Mapping[str, str] = UNET_BLOCKS
    """Names of groups of layers that can be trained alone, and what their paths in the denoiser begin with.

    Together they are all that a network on all layers trains; a family in which content and style lie in
    blocks of their own names these too (Frenkel et al., B-LoRA, arXiv 2403.14572).
    """
    text_blocks: str = r"(text_model\.)?encoder\.layers\."
    """What the paths of a text encoder's layers begin with."""
    text_target_modules: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "out_proj")
    tokenizers_beside: Mapping[str, str] = {}
    """Tokenizers that do not come with the studio, and what their classes' names begin with."""
    reads: Mapping[str, int] = {}
    """Tokens of a caption that a text encoder reads, where its tokenizer would take more."""
    stored: tuple[str, ...] = ("unet", "transformer")
    """Parts that a storage takes: the denoiser, and text encoders of more than a billion weights."""
    suggested: tuple[str, ...] = ()
    """Models of the hub to offer to a person who has none of this family."""
    about: str = ""
    """What to know of its pictures before it is chosen, where that is not plain."""
    order: int = 100

    def variant(self, source: Source, layout: Layout) -> Family:
        """The family as this model is of it: itself, or one of the same name with defaults of its own."""
        return self

    def config(self, part: str) -> dict[str, Any]:
        """A part's configuration as it is shipped."""
        from studio.models.parts import part_folder

        content: dict[str, Any] = json.loads(
            (part_folder(self.configs, part) / "config.json").read_text("utf-8")
        )
        return content

    @abstractmethod
    def recognises(self, layout: Layout) -> bool:
        """Whether weights of these names and shapes belong to this family."""

    def layers(self, layout: Layout) -> Layers:
        """The weights that a network can change, from the layout of a diffusers folder; no torch."""
        parts = {"unet": "denoiser", "transformer": "denoiser", **{name: name for name in self.text_prefixes}}
        found: dict[str, dict[str, tuple[int, ...]]] = {}
        for name, entry in layout.entries.items():
            component, _, path = name.removesuffix(".weight").partition(".")
            if component in parts and name.endswith(".weight") and len(entry.shape) in (2, 4):
                found.setdefault(parts[component], {})[path] = entry.shape
        return found

    def open(
        self,
        source: Source,
        *,
        device: torch.device,
        dtype: torch.dtype,
        storage: str = "plain",
        frugal: bool | None = False,
    ) -> Model:
        """Open the weights; raises `ModelError` in a sentence if they are incomplete.

        `storage` is one of `studio.models.storage`. A `frugal` model has on the device only the part that
        works, and the others in the machine's memory; None is so where all at once would fill the card.
        """
        from studio.families._packing import packed
        from studio.families._placing import crowded, frugally_placed, placed
        from studio.families._tiling import decode_within

        parts = self.opened(source, dtype)
        packed(parts, self.stored, storage, device, frugal=bool(frugal))
        frugal = crowded(parts, device) if frugal is None else frugal
        if not frugal:
            placed(parts, device)
        model = self.assemble(parts)
        model.storage = storage
        if device.type == "cuda":
            decode_within(model.vae)
        if frugal:
            model.place = frugally_placed(model, device)
        return model

    @abstractmethod
    def opened(self, source: Source, dtype: torch.dtype) -> dict[str, Any]:
        """The opened parts of a model by name, on the processor; raises `ModelError`."""

    @abstractmethod
    def assemble(self, parts: dict[str, Any]) -> Model:
        """A model of these parts, which stay where they are."""


class Model(ABC):
    """An opened base model: the modules, and the few operations training and generation need."""

    family: Family
    device: torch.device
    dtype: torch.dtype
    denoiser: nn.Module
    text_encoders: Mapping[str, nn.Module]
    """By the name of the pipeline's component: "text_encoder", "text_encoder_2" …"""
    vae: nn.Module
    side_multiple: int
    """Sides of pictures, in pixels, must be multiples of this."""
    base_hash: str = ""
    """The SHA-256 of the weights' file."""
    storage: str = "plain"
    """How the weights that a storage takes lie in memory."""
    place: Place | None = None
    """Of a frugal model: which of its parts are on the device."""
    chunk: int = 0
    """Tokens of a prompt that are read at a time, if `prompt_embeds` has a row for each of them, between one
    for its beginning and at least one for its end, so that rows can be weighted and chunks joined. 0 where a
    prompt is read as a whole."""

    @property
    def prompt_encoders(self) -> Iterable[nn.Module]:
        """All that decides what prompts become; more than `text_encoders` where adapters leave some alone."""
        return self.text_encoders.values()

    @abstractmethod
    def encode_prompts(self, prompts: Sequence[str], *, clip_skip: int = 0) -> Conditioning:
        """The conditioning of each prompt; no gradient.

        `clip_skip` counts the layers of CLIP from the last one (1), as people do; 0 is the family's own.
        Families whose prompts are read by more than CLIP leave it aside.
        """

    def bring(self, part: str) -> None:
        """Have "denoiser", "vae" or "text" on the device; they come by themselves when they are called."""
        if self.place is not None:
            self.place.bring(part)

    def join(self, one: str, other: str) -> None:
        """Have two parts on the device together from now on, as when both learn."""
        if self.place is not None:
            self.place.join(one, other)

    def describe_frames(self, frames: Sequence[Frame]) -> Conditioning:
        """What the denoiser is told of the sizes of pictures beside their prompts; most are told nothing."""
        return {}

    @abstractmethod
    def encode_pictures(self, pixels: Tensor) -> Tensor:
        """Latents, scaled as the denoiser expects them, of pixels (batch, 3, height, width) in -1…1."""

    @abstractmethod
    def decode_latents(self, latents: Tensor) -> Tensor:
        """Pixels in -1…1 of scaled latents."""

    @abstractmethod
    def predict(self, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        """What the denoiser says of noisy latents at integer timesteps (batch,)."""

    @abstractmethod
    def schedule(self) -> Any:
        """The training noise schedule: a diffusers `DDPMScheduler` of this base's own settings."""

    @abstractmethod
    def pipeline(self) -> DiffusionPipeline:
        """A diffusers text-to-image pipeline around these very modules; nothing is copied."""

    @abstractmethod
    def train_with(self, *, checkpointing: bool) -> None:
        """Make the denoiser ready for training, computing activations twice to save memory if asked."""

    @abstractmethod
    def free_encoders(self) -> None:
        """Let the text encoders and the VAE's encoder go from the card, once all is cached."""
