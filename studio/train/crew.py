"""The crew: the processes that train together, one for each card; mostly there is only one.

Every process does its own share of the batches. Gradients are averaged before each correction, so
that two processes do what one does with twice the accumulation.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import nn

PATIENCE = timedelta(hours=12)  # with which processes wait while the first paints class pictures or samples


class Crew:
    """This process among the others; `number` 0 leads."""

    def __init__(self, accelerator: Accelerator) -> None:
        self.accelerator = accelerator
        self.count: int = accelerator.num_processes
        self.number: int = accelerator.process_index

    @property
    def leads(self) -> bool:
        """Whether this process writes, paints and tells."""
        return self.number == 0

    def share_gradients(self, weights: Iterable[nn.Parameter]) -> None:
        """Give every process the mean of all gradients."""
        import torch
        from torch import distributed

        if self.count == 1:
            return
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = torch.cat([each.flatten() for each in gradients])
        distributed.all_reduce(flat)
        flat /= self.count
        for each, mean in zip(gradients, flat.split([each.numel() for each in gradients]), strict=True):
            each.copy_(mean.view_as(each))

    def mean(self, figure: float) -> float:
        """The mean of every process's figure."""
        import torch

        if self.count == 1:
            return figure
        total: Any = self.accelerator.reduce(
            torch.tensor(figure, device=self.accelerator.device, dtype=torch.float32), "mean"
        )
        return float(total)

    def agree(self, words: list[str]) -> list[str]:
        """What the leader says, for everyone."""
        if self.count > 1:
            from accelerate.utils import broadcast_object_list

            said: list[Any] = [words]
            broadcast_object_list(said)
            words = said[0]
        return words


def begin_crew(*, cpu: bool, mixed_precision: str, accumulation: int) -> Crew:
    """Join the processes that were started together.

    The base is in half precision itself, so there is no autocast: on a card that would compute all
    norms in float32 and keep what they say, where a base paints just as well without. What half precision
    needs besides, the scaling of the loss in float16, stays.
    """
    import os

    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import AutocastKwargs, InitProcessGroupKwargs

    if "RANK" not in os.environ:
        AcceleratorState._reset_state(reset_partial_state=True)  # that of an earlier training here
    return Crew(
        Accelerator(
            cpu=cpu,
            mixed_precision={"fp32": "no"}.get(mixed_precision, mixed_precision),
            gradient_accumulation_steps=accumulation,
            kwargs_handlers=[AutocastKwargs(enabled=False), InitProcessGroupKwargs(timeout=PATIENCE)],
        )
    )
