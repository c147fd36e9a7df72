"""A LoRA layer that answers in one piece: the same numbers and gradients as peft's own."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn

from studio.networks._low_rank import answer_at_once, low_rank

Dtype = torch.dtype


def layer(dtype: Dtype = torch.float32, bias: bool = True, dropout: float = 0.0, rank: int = 4) -> Any:
    """One of peft's layers beside a linear one, with a LoRA that changes something."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(24, 40, bias=bias).to(dtype).requires_grad_(False))
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["0"], lora_dropout=dropout)
    inject_adapter_in_model(config, model, adapter_name="studio")
    made: Any = model[0]
    nn.init.normal_(made.lora_B["studio"].weight)
    return made


def learned(made: Any, given: Tensor) -> tuple[Tensor, ...]:
    """What a layer says, and the gradients of its input and both matrices."""
    given = given.clone().requires_grad_()
    said = made(given)
    said.float().square().mean().backward()
    assert given.grad is not None
    weights = made.lora_A["studio"].weight, made.lora_B["studio"].weight
    return said.detach(), given.grad, *(weight.grad for weight in weights)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3, 24), (2, 5, 24)])
def test_it_says_and_learns_what_peft_s_own_does(shape: tuple[int, ...], bias: bool) -> None:
    own, other = layer(bias=bias), layer(bias=bias)
    answer_at_once(own, "studio")
    given = torch.randn(shape)
    for ours, theirs in zip(learned(own, given), learned(other, given), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_in_half_precision_the_lora_s_gradients_stay_in_full() -> None:
    own, exact = layer(torch.bfloat16), layer()
    for made in (own, exact):
        made.lora_A["studio"].weight.data = exact.lora_A["studio"].weight.data.float()
        made.lora_B["studio"].weight.data = exact.lora_B["studio"].weight.data.float()
    answer_at_once(own, "studio")
    given = torch.randn(6, 24)
    said, _, *gradients = learned(own, given.bfloat16())
    wanted, _, *exactly = learned(exact, given)
    assert said.dtype == torch.bfloat16
    torch.testing.assert_close(said.float(), wanted, rtol=0.05, atol=0.1)
    for found, true in zip(gradients, exactly, strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, true, rtol=0.1, atol=0.1 * float(true.abs().max()))


def test_beside_a_base_of_another_kind_it_adds_the_same() -> None:
    class Packed(nn.Linear):
        """Stands for a linear layer whose weights are packed."""

    base = layer().base_layer
    packed = Packed(24, 40)
    packed.load_state_dict(base.state_dict())
    down, up = torch.randn(4, 24), torch.randn(40, 4)
    found = []
    for each in (base, packed.requires_grad_(False)):
        given, a, b = (one.clone().requires_grad_() for one in (torch.ones(2, 3, 24), down, up))
        said = low_rank(given, each, a, b, 0.5)
        said.square().sum().backward()
        found.append((said, given.grad, a.grad, b.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_it_learns_the_same_when_it_is_computed_twice_to_save_memory() -> None:
    from torch.utils.checkpoint import checkpoint

    found = []
    for again in (False, True):
        made, given = layer(), torch.ones(3, 24, requires_grad=True)
        answer_at_once(made, "studio")
        said = checkpoint(made, given, use_reentrant=False) if again else made(given)
        said.square().sum().backward()
        found.append(made.lora_A["studio"].weight.grad)
    torch.testing.assert_close(*found)


def test_a_matrix_that_stays_as_it_is_gets_no_gradient() -> None:
    down, up = torch.randn(4, 24), torch.randn(40, 4, requires_grad=True)
    low_rank(torch.randn(2, 24), layer().base_layer, down, up, 1.0).sum().backward()
    assert down.grad is None
    assert up.grad is not None


def test_switched_off_it_is_the_base_bit_for_bit() -> None:
    made, given = layer(), torch.randn(3, 24)
    answer_at_once(made, "studio")
    base = deepcopy(made.base_layer)
    made.enable_adapters(False)
    assert torch.equal(made(given), base(given))


def test_with_dropout_a_layer_is_left_to_peft() -> None:
    made = layer(dropout=0.5)
    answer_at_once(made, "studio")
    assert "forward" not in vars(made)
