"""Z-Image as an opened model: one stream of words and latents, told by Qwen3's last layer but one."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diffusers import ZImagePipeline

from studio.families._base import Conditioning, Family
from studio.families._flow import FlowModel
from studio.families._qwen import ASKED, states

if TYPE_CHECKING:
    from torch import Tensor


class ZImage(FlowModel):
    """The modules of a `ZImagePipeline`."""

    longest = 512

    def __init__(self, family: Family, pipeline: Any) -> None:
        import torch

        super().__init__(family, pipeline)
        if self.dtype == torch.float16:
            _keep_finite(self.denoiser)

    def encode_prompts(self, prompts: Sequence[str], *, clip_skip: int = 0) -> Conditioning:
        """{"prompt_embeds": (batch, longest, width)}; rows of zeros follow a prompt that is shorter."""
        encoder, tokenizer = self._components["text_encoder"], self._components["tokenizer"]
        layers, mask = states(
            encoder, tokenizer, prompts, template=ASKED, longest=self.longest, device=self.device
        )
        return {"prompt_embeds": layers[-2] * mask[..., None]}

    def predict(self, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        """The velocity; the transformer says it the other way round, and counts time from noise."""
        import torch

        said = self.denoiser(
            list(noisy.unsqueeze(2)), (1000 - timesteps) / 1000, tight(conditioning["prompt_embeds"])
        ).sample
        return -torch.stack(list(said)).squeeze(2)


class TensorZImagePipeline(ZImagePipeline):  # type: ignore[misc]
    """Takes embeddings as `ZImage` makes them, and guidance as others count it: 1 is none."""

    @functools.wraps(ZImagePipeline.__call__)
    def __call__(self, *given: Any, guidance_scale: float = 1.0, **named: Any) -> Any:
        for name in ("prompt_embeds", "negative_prompt_embeds"):
            if named.get(name) is not None:
                named[name] = tight(named[name])
        tell = named.get("callback_on_step_end")
        if tell is not None:
            named["callback_on_step_end"] = lambda *told: _tightened(tell(*told[:-1], _padded(told[-1])))
        return super().__call__(*given, guidance_scale=max(0.0, guidance_scale - 1), **named)


def tight(embeds: Tensor | list[Tensor]) -> list[Tensor]:
    """The rows of each prompt without the zeros behind them; fake tensors, which hold nothing, whole."""
    from torch._subclasses.fake_tensor import FakeTensor

    if isinstance(embeds, list):
        return embeds
    if isinstance(embeds, FakeTensor):
        return list(embeds)
    lengths = (embeds != 0).any(-1).sum(-1).tolist()
    return [rows[:length] for rows, length in zip(embeds, lengths, strict=True)]


def _padded(tensors: Mapping[str, Any]) -> dict[str, Any]:
    from torch.nn.utils.rnn import pad_sequence

    return {
        name: pad_sequence(value, batch_first=True) if isinstance(value, list) and value else value
        for name, value in tensors.items()
    }


def _tightened(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tight(value) if name.endswith("embeds") else value for name, value in tensors.items()}


def _keep_finite(transformer: Any) -> None:
    """In float16 what goes into and comes out of a block's last layers may be too large; a norm follows."""
    import torch

    def bounded(states: Tensor) -> Tensor:
        most = torch.finfo(states.dtype).max
        return torch.nan_to_num(states, nan=0.0, posinf=most, neginf=-most)

    for path, layer in transformer.named_modules():
        if path.endswith((".feed_forward.w2", ".attention.to_out.0")):
            layer.register_forward_pre_hook(lambda _layer, given: (bounded(given[0]), *given[1:]))
            layer.register_forward_hook(lambda _layer, _given, said: bounded(said))
