"""Each kind's ΔW against its formula, written out in float64 with loops instead of tensor operations."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor

from studio.adapters.factors import Delta, Difference, Dora, Factors, Hada, Ia3, Kron
from studio.adapters.kinds import KINDS

LINEAR, CONV, POINT = (6, 8), (6, 8, 3, 3), (6, 8, 1, 1)
R = 2


def rand(*shape: int) -> Tensor:
    dice = torch.Generator().manual_seed(sum((i + 3) * n for i, n in enumerate(shape)))
    return torch.randn(*shape, generator=dice)


def tucker(kernel: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Σᵢⱼ kernel[i, j, y, x] · left[i, o] · right[j, c]."""
    kernel, left, right = kernel.double(), left.double(), right.double()
    told = torch.zeros(left.shape[1], right.shape[1], *kernel.shape[2:], dtype=torch.float64)
    for i, j in product(range(kernel.shape[0]), range(kernel.shape[1])):
        for o, c in product(range(told.shape[0]), range(told.shape[1])):
            told[o, c] += kernel[i, j] * left[i, o] * right[j, c]
    return told


def mat(left: Tensor, right: Tensor) -> Tensor:
    told = torch.zeros(left.shape[0], right.shape[1], dtype=torch.float64)
    for o, c, r in product(range(told.shape[0]), range(told.shape[1]), range(left.shape[1])):
        told[o, c] += left[o, r].double() * right[r, c].double()
    return told


def kron(small: Tensor, large: Tensor) -> Tensor:
    rows, columns = large.shape[:2]
    shape = (small.shape[0] * rows, small.shape[1] * columns, *large.shape[2:])
    told = torch.zeros(shape, dtype=torch.float64)
    for o, c in product(range(told.shape[0]), range(told.shape[1])):
        told[o, c] = small[o // rows, c // columns].double() * large[o % rows, c % columns].double()
    return told


def lora(shape: tuple[int, ...]) -> tuple[Factors, Callable[[Tensor], Tensor]]:
    down, up = rand(R, *shape[1:]), rand(shape[0], R, *(1 for _ in shape[2:]))
    dense = mat(up.flatten(1), down.flatten(1)).reshape(shape) * 3.0 / R
    return Factors(down, up, 3.0), lambda _weight: dense


def locon_tucker() -> tuple[Factors, Callable[[Tensor], Tensor]]:
    down, mid, up = rand(R, 8, 1, 1), rand(3, R, 3, 3), rand(6, 3, 1, 1)
    dense = tucker(mid, up[:, :, 0, 0].T, down[:, :, 0, 0]) * 3.0 / R
    return Factors(down, up, 3.0, mid), lambda _weight: dense


def loha(shape: tuple[int, ...]) -> tuple[Hada, Callable[[Tensor], Tensor]]:
    inside = math.prod(shape[1:])
    w1_a, w1_b, w2_a, w2_b = rand(6, R), rand(R, inside), rand(6, R) + 1, rand(R, inside) - 1
    dense = (mat(w1_a, w1_b) * mat(w2_a, w2_b)).reshape(shape) * 0.5 / R
    return Hada(w1_a, w1_b, w2_a, w2_b, 0.5), lambda _weight: dense


def loha_tucker() -> tuple[Hada, Callable[[Tensor], Tensor]]:
    a, b, t = rand(R, 6), rand(R, 8), rand(R, R, 3, 3)
    dense = tucker(t, a, b) * tucker(t + 1, a - 1, b * 2) * 0.5 / R
    return Hada(a, b, a - 1, b * 2, 0.5, t, t + 1), lambda _weight: dense


def lokr(form: str) -> tuple[Kron, Callable[[Tensor], Tensor]]:
    small, large = rand(2, 4), rand(3, 2)
    a, b = rand(3, R), rand(R, 2)
    flat, kernel, left = rand(R, 2 * 9), rand(R, R, 3, 3), rand(R, 3)
    by_form: dict[str, tuple[Kron, Tensor]] = {
        "whole": (Kron(alpha=9.0, w1=small, w2=large), kron(small, large)),
        "w2 in factors": (Kron(alpha=1.0, w1=small, w2_a=a, w2_b=b), kron(small, mat(a, b)) / R),
        "both in factors": (
            Kron(alpha=1.0, w1_a=rand(2, R), w1_b=rand(R, 4), w2_a=a, w2_b=b),
            kron(mat(rand(2, R), rand(R, 4)), mat(a, b)) / R,
        ),
        "w1 in factors": (
            Kron(alpha=1.0, w1_a=rand(2, R), w1_b=rand(R, 4), w2=large),
            kron(mat(rand(2, R), rand(R, 4)), large) / R,
        ),
        "convolution": (
            Kron(alpha=9.0, w1=small, w2=rand(3, 2, 3, 3)),
            kron(small, rand(3, 2, 3, 3)),
        ),
        "convolution, flat": (
            Kron(alpha=1.0, w1=small, w2_a=a, w2_b=flat),
            kron(small, mat(a, flat).reshape(3, 2, 3, 3)) / R,
        ),
        "convolution, Tucker": (
            Kron(alpha=1.0, w1=small, w2_a=left, w2_b=b, t2=kernel),
            kron(small, tucker(kernel, left, b)) / R,
        ),
    }
    made, dense = by_form[form]
    return made, lambda _weight: dense


def dora(
    core: tuple[Delta, Callable[[Tensor], Tensor]], axis: int, shape: tuple[int, ...]
) -> tuple[Dora, Callable[[Tensor], Tensor]]:
    count = (6, 8)[axis]
    magnitude = rand(count).abs() + 1

    def dense(weight: Tensor) -> Tensor:
        changed = weight.double() + core[1](weight)
        told = changed.clone()
        for index in range(count):
            row = changed.select(axis, index)
            told.select(axis, index).copy_(row / row.square().sum().sqrt() * magnitude[index].double())
        return told - weight.double()

    return Dora(core[0], magnitude.reshape(shape)), dense


def ia3(shape: tuple[int, ...], on_input: bool) -> tuple[Ia3, Callable[[Tensor], Tensor]]:
    factor = rand(8 if on_input else 6)

    def dense(weight: Tensor) -> Tensor:
        told = weight.double().clone()
        for o, c in product(range(6), range(8)):
            told[o, c] *= factor[c if on_input else o].double()
        return told

    return Ia3(factor, on_input), dense


LOKR = (
    *("whole", "w2 in factors", "both in factors", "w1 in factors"),
    *("convolution", "convolution, flat", "convolution, Tucker"),
)
CASES: dict[str, tuple[tuple[int, ...], tuple[Delta, Callable[[Tensor], Tensor]]]] = {
    "LoRA": (LINEAR, lora(LINEAR)),
    "LoCon": (CONV, lora(CONV)),
    "LoRA of a 1x1 convolution": (POINT, lora(LINEAR)),
    "LoRA of a linear layer, kept as convolution": (LINEAR, lora(POINT)),
    "LoCon, Tucker": (CONV, locon_tucker()),
    "LoHa": (LINEAR, loha(LINEAR)),
    "LoHa of a convolution": (CONV, loha(CONV)),
    "LoHa, Tucker": (CONV, loha_tucker()),
    **{f"LoKr, {form}": (CONV if "convolution" in form else LINEAR, lokr(form)) for form in LOKR},
    "DoRA of outputs": (LINEAR, dora(lora(LINEAR), 0, (6, 1))),
    "DoRA of outputs, as peft keeps it": (LINEAR, dora(lora(LINEAR), 0, (6,))),
    "DoRA of inputs": (LINEAR, dora(lora(LINEAR), 1, (1, 8))),
    "DoRA of a convolution's outputs": (CONV, dora(lora(CONV), 0, (6, 1, 1, 1))),
    "DoRA of a convolution's inputs": (CONV, dora(lora(CONV), 1, (1, 8, 1, 1))),
    "LoHa with magnitudes": (LINEAR, dora(loha(LINEAR), 1, (1, 8))),
    "LoKr with magnitudes": (LINEAR, dora(lokr("w2 in factors"), 0, (6, 1))),
    "(IA)³ of inputs": (LINEAR, ia3(LINEAR, True)),
    "(IA)³ of a convolution's outputs": (CONV, ia3(CONV, False)),
    "full differences": (CONV, (Difference(rand(*CONV)), lambda _weight: rand(*CONV).double())),
    "difference of a bias": ((6,), (Difference(rand(6)), lambda _weight: rand(6).double())),
}


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_that_of_the_formula(name: str) -> None:
    shape, (delta, dense) = CASES[name]
    weight = rand(*shape) + 0.5
    wanted = dense(weight).reshape(shape)
    told = delta.delta(weight)
    assert told.dtype == torch.float32 and told.shape == weight.shape
    torch.testing.assert_close(told.double(), wanted, rtol=2e-5, atol=2e-5)
    assert delta.norm(weight) == pytest.approx(float(wanted.norm()), rel=1e-4)
    target = weight.clone()
    delta.add_to(target, weight, -0.75)
    torch.testing.assert_close(target.double(), weight.double() - 0.75 * wanted, rtol=2e-5, atol=2e-5)


ROWS = (slice(4, 6), slice(0, 2))


@pytest.mark.parametrize("name", [name for name, (shape, _) in CASES.items() if len(shape) > 1])
def test_rows_of_a_change_are_those_of_the_whole(name: str) -> None:
    shape, (delta, dense) = CASES[name]
    weight = rand(*shape) + 0.5
    if isinstance(delta, Dora) and delta.on_input:
        with pytest.raises(ValueError):
            delta.rows(ROWS, shape)
        return
    wanted = torch.cat([dense(weight).reshape(shape)[rows] for rows in ROWS])
    some = torch.cat([weight[rows] for rows in ROWS])
    told = delta.rows(ROWS, shape).delta(some)
    torch.testing.assert_close(told.double(), wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", [name for name in CASES if "magnitudes" not in name and "DoRA" not in name])
def test_what_is_written_names_its_kind_and_makes_the_same_change(name: str) -> None:
    shape, (delta, _) = CASES[name]
    weight = rand(*shape) + 0.5
    tensors = delta.tensors()
    alpha = tensors.pop("alpha", torch.tensor(1.0)).item()
    for kind in KINDS:
        roles = {role: tensors[end[1:]] for end, role in kind.ends.items() if end[1:] in tensors}
        if len(roles) == len(tensors):
            shapes = {role: tuple(tensor.shape) for role, tensor in roles.items()}
            assert kind.fits(shapes, shape)
            assert not kind.fits(shapes, tuple(side + 1 for side in shape))
            assert torch.equal(kind.build(roles, alpha).delta(weight), delta.delta(weight))
            return
    raise AssertionError("no kind takes these tensors")


def test_a_weight_in_half_precision_is_changed_in_full_precision() -> None:
    for shape, (delta, _) in CASES.values():
        weight = (rand(*shape) + 0.5).half()
        assert torch.equal(delta.delta(weight), delta.delta(weight.float()))
