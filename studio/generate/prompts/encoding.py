"""From a prompt to what the denoiser is told at each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from studio.generate.prompts.attention import plain, read_weights
from studio.generate.prompts.chunks import Chunk, chunks
from studio.generate.prompts.scheduling import Until, read_schedule

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Conditioning, Model

EMBEDS = "prompt_embeds"


class Encodes(Protocol):
    """What knows a model and the conditioning of prompts under the mix as it is."""

    @property
    def model(self) -> Model:
        """The opened base."""

    @property
    def pipeline(self) -> Any:
        """Its diffusers pipeline."""

    def encode(self, prompt: str, *, clip_skip: int = 0) -> Conditioning:
        """The conditioning of plain words, which is kept."""


@dataclass(frozen=True)
class Told:
    """What the denoiser is told in one picture: a conditioning up to and with each of these steps."""

    until: tuple[tuple[int, Conditioning], ...]

    def at(self, step: int) -> Conditioning:
        """The conditioning of a step, counted from 1."""
        return next((told for last, told in self.until if step <= last), self.until[-1][1])


def encode(encoder: Encodes, prompts: Sequence[str], *, steps: int, clip_skip: int = 0) -> list[Told]:
    """What each prompt says, all of them with as many chunks as the longest, as one batch needs it."""
    schedules = [read_schedule(prompt, steps) for prompt in prompts]
    if not encoder.model.chunk:
        return [_whole(encoder, schedule, clip_skip) for schedule in schedules]
    cut = [[_cut(encoder, part.text) for part in schedule] for schedule in schedules]
    most = max(len(found) for schedule in cut for found in schedule)
    return [
        Told(
            tuple(
                (part.step, _joined(encoder, [*found, *[Chunk()] * (most - len(found))], clip_skip))
                for part, found in zip(schedule, founds, strict=True)
            )
        )
        for schedule, founds in zip(schedules, cut, strict=True)
    ]


def left_aside(model: Model, prompt: str) -> bool:
    """Whether a prompt has weights or breaks that this base's encoders cannot be told of."""
    return not model.chunk and any(piece.weight != 1 or piece.pause for piece in read_weights(prompt))


def _whole(encoder: Encodes, schedule: Sequence[Until], clip_skip: int) -> Told:
    return Told(
        tuple((part.step, encoder.encode(plain(part.text), clip_skip=clip_skip)) for part in schedule)
    )


def _cut(encoder: Encodes, prompt: str) -> list[Chunk]:
    tokenizer = encoder.pipeline.tokenizer

    def count(word: str) -> int:
        return len(tokenizer(word, add_special_tokens=False).input_ids)

    pieces = read_weights(prompt)
    size = encoder.model.chunk
    if all(piece.weight == 1 and not piece.pause for piece in pieces):
        text = "".join(piece.text for piece in pieces)
        if count(text) <= size:
            return [Chunk([text])]
    return chunks(pieces, size, count)


def _joined(encoder: Encodes, parts: Sequence[Chunk], clip_skip: int) -> Conditioning:
    """One after the other; what is said once of a prompt, such as pooled words, is that of the first."""
    import torch

    told = [_weighed(encoder, part, encoder.encode(part.text, clip_skip=clip_skip)) for part in parts]
    if len(told) == 1:
        return told[0]
    return {**told[0], EMBEDS: torch.cat([each[EMBEDS] for each in told], dim=1)}


def _weighed(encoder: Encodes, part: Chunk, told: Mapping[str, Tensor]) -> Conditioning:
    """The rows of tokens times their weights; each encoder's part keeps the mean it had, as in A1111."""
    import torch

    if all(weight == 1 for weight in part.weights):
        return told
    embeds = told[EMBEDS]
    rows = torch.ones(embeds.shape[1], dtype=torch.float32, device=embeds.device)
    rows[1 : 1 + len(part.weights)] = torch.tensor(part.weights, device=embeds.device)
    widths = _widths(encoder.model, embeds.shape[-1])
    weighed = [_kept_mean(one.float(), rows) for one in embeds.split(widths, dim=-1)]
    return {**told, EMBEDS: torch.cat(weighed, dim=-1).to(embeds.dtype)}


def _kept_mean(embeds: Tensor, rows: Tensor) -> Tensor:
    weighed = embeds * rows[None, :, None]
    after = weighed.mean()
    return weighed * (embeds.mean() / after) if after else weighed


def _widths(model: Model, whole: int) -> list[int]:
    """How wide each encoder's part of the rows is."""
    encoders: Any = model.text_encoders.values()
    widths = [int(encoder.config.hidden_size) for encoder in encoders]
    return widths if sum(widths) == whole else [whole]
