"""K-LoRA: per layer and step either the subject or the style (Ouyang et al., arXiv 2502.18461, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from studio.generate.methods._base import Method, Mixes, sounding

if TYPE_CHECKING:
    from studio.adapters.layers import Layer
    from studio.adapters.mixing import Portion

ALPHA, BETA = 1.5, 0.5  # the authors' own: the style counts α · t + β as much, t going from 0 to 1


class KLora(Method):
    """Compares the largest elements of both changes in each layer; the style gains as time goes on."""

    name = "k-lora"
    title = "K-LoRA"
    about = "For one subject and one style: each layer takes either, the subject early, the style late."
    order = 40

    def begin(self, portions: Sequence[Portion], steps: int) -> Callable[[int], Mixes]:
        """The pair are the first subject and the first style, or the first two; others are summed."""
        pair = _pair(portions)
        if pair is None:
            return lambda _step: [portions]
        subject, style = (portions[index] for index in pair)
        ratios = _ratios(subject, style)

        def at(step: int) -> Mixes:
            scale = ALPHA * step / max(1, steps) + BETA
            taken = {layer: ratio > scale for layer, ratio in ratios.items()}
            chosen = list(portions)
            chosen[pair[0]] = _where(subject, {layer: float(own) for layer, own in taken.items()})
            chosen[pair[1]] = _where(style, {layer: float(not own) for layer, own in taken.items()})
            return [chosen]

        return at


def _pair(portions: Sequence[Portion]) -> tuple[int, int] | None:
    heard = sounding(portions)
    if len(heard) < 2:
        return None
    style = next((n for n in heard if portions[n].role == "style"), None)
    subject = next((n for n in heard if portions[n].role == "subject" and n != style), None)
    if subject is None:
        subject = next(n for n in heard if n != style)
    if style is None:
        style = next(n for n in heard if n != subject)
    return subject, style


def _where(portion: Portion, factors: dict[Layer, float]) -> Portion:
    """The portion with another factor in some layers, on top of its blocks."""
    blocks = {**portion.blocks, **{e: f * portion.blocks.get(e, 1.0) for e, f in factors.items()}}
    return replace(portion, blocks=blocks)


def _ratios(subject: Portion, style: Portion) -> dict[Layer, float]:
    """S_c / (γ · S_s) of each denoiser layer that both change.

    S is the sum of the K largest |ΔW|, K the product of both ranks (equations 4 and 5); γ is the
    ratio of the sums of all |ΔW|, which evens out adapters of different strength (equation 8).
    """
    import torch

    from studio.adapters.factors import Dora
    from studio.adapters.layers import DENOISER

    sums: dict[Layer, tuple[float, float]] = {}
    totals = [0.0, 0.0]
    for layer in subject.adapter.changes:
        if layer.part != DENOISER or layer not in style.adapter.changes or layer.parameter != "weight":
            continue
        # of DoRA, the LoRA inside: its magnitudes move the whole of W₀
        given = [portion.adapter.changes[layer] for portion in (subject, style)]
        changes = [change.core if isinstance(change, Dora) else change for change in given]
        count = max(1, changes[0].rank) * max(1, changes[1].rank)
        weight = torch.zeros(layer.shape)
        found = [change.delta(weight).abs().flatten() for change in changes]
        top = [float(each.topk(min(count, each.numel())).values.sum()) for each in found]
        sums[layer] = (top[0], top[1])
        totals = [total + float(each.sum()) for total, each in zip(totals, found, strict=True)]
    gamma = totals[0] / totals[1] if totals[1] else 1.0
    return {e: own / (gamma * other) if gamma * other else float("inf") for e, (own, other) in sums.items()}


ENTRY = KLora()
