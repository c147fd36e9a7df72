from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from studio.adapters.layers import DENOISER, Layer
from studio.adapters.mixing import Mixer, Portion
from studio.adapters.originals import InFiles, InMemory
from studio.adapters.reading import Adapter
from studio.families._base import Model
from tests.adapters.loras import attention, dense, make_lora, read_lora, weights


def everything(_layer: Layer) -> bool:
    return True


@pytest.fixture
def two(tmp_path: Path, model: Model) -> tuple[Adapter, Adapter]:
    """One for the attention layers, one for every linear and convolution layer; both with text."""
    paths = [
        make_lora(tmp_path / "one.safetensors", model, seed=1),
        make_lora(tmp_path / "two.safetensors", model, where=everything, seed=2),
    ]
    one, other = (read_lora(path, model) for path in paths)
    return one, other


def test_the_weights_are_those_of_the_formula(model: Model, two: tuple[Adapter, Adapter]) -> None:
    mix = [(two[0], 0.7), (two[1], -0.4)]
    wanted = dense(weights(model), mix)
    Mixer(model).apply(mix)
    for name, tensor in weights(model).items():
        torch.testing.assert_close(tensor, wanted[name].float(), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_rounds_only_once(
    model: Model, two: tuple[Adapter, Adapter], dtype: torch.dtype
) -> None:
    model.denoiser.to(dtype)
    mix = [(two[0], 0.7), (two[1], 0.3)]
    wanted = dense(weights(model), mix)
    Mixer(model).apply(mix)
    step = torch.finfo(dtype).eps / 2  # half a step of the precision: the best that rounding can do
    for name, tensor in weights(model).items():
        torch.testing.assert_close(tensor.double(), wanted[name], rtol=1.01 * step, atol=1e-6)


def test_after_any_moves_zero_gives_the_very_bits_back(model: Model, two: tuple[Adapter, Adapter]) -> None:
    before, mixer, dice = weights(model), Mixer(model), random.Random(0)
    for _ in range(60):
        given = dice.sample(two, dice.randint(0, 2))
        mixer.apply([(adapter, dice.uniform(-2, 2)) for adapter in given])
    mixer.apply([(adapter, 0.0) for adapter in two])
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(model).items())
    mixer.apply([(two[1], 1.0)])
    mixer.apply([])
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(model).items())


def test_the_way_to_a_mix_does_not_matter(model: Model, two: tuple[Adapter, Adapter]) -> None:
    mixer = Mixer(model)
    mixer.apply([(two[0], 0.5), (two[1], 0.25)])
    straight = weights(model)
    for mix in ([(two[0], 2.0)], [(two[1], -1.0)], [], [(two[0], 0.5), (two[1], 0.25)]):
        mixer.apply(mix)
    assert all(torch.equal(tensor, straight[name]) for name, tensor in weights(model).items())


def test_only_layers_whose_mix_changed_are_written(
    tmp_path: Path, model: Model, two: tuple[Adapter, Adapter]
) -> None:
    few = read_lora(
        make_lora(tmp_path / "few.safetensors", model, where=lambda each: each.path.endswith("to_q")), model
    )
    mixer = Mixer(model)
    mixer.apply([(two[0], 0.5), (few, 0.5)])
    before = versions(model)
    mixer.apply([(two[0], 0.5), (few, 0.6)])
    written = {name for name, version in versions(model).items() if version != before[name]}
    assert written == {f"{layer.path}.weight" for layer in few.changes}
    mixer.apply([(two[0], 0.5), (few, 0.6)])
    assert {n for n, version in versions(model).items() if version != before[n]} == written


def versions(model: Model) -> dict[str, int]:
    """How often each weight was written in place."""
    return {name: parameter._version for name, parameter in model.denoiser.named_parameters()}


def test_it_is_told_which_parts_changed(tmp_path: Path, model: Model, two: tuple[Adapter, Adapter]) -> None:
    unet_only = read_lora(
        make_lora(tmp_path / "unet.safetensors", model, where=lambda e: e.part == DENOISER and attention(e)),
        model,
    )
    mixer = Mixer(model)
    assert mixer.apply([(unet_only, 1.0)]) == {DENOISER}
    assert mixer.text_mix == ()
    assert mixer.apply([(unet_only, 1.0), (two[0], 1.0)]) == {DENOISER, "text_encoder"}
    assert mixer.apply([(unet_only, 1.0), Portion(two[0], 0.5, text_weight=1.0)]) == {DENOISER}
    before = mixer.text_mix
    assert mixer.apply([(unet_only, 1.0), Portion(two[0], 0.5, text_weight=0.0)]) == {"text_encoder"}
    assert mixer.text_mix != before
    assert mixer.apply([]) == {DENOISER}


def test_no_copy_is_kept_of_layers_that_nothing_touches(model: Model, two: tuple[Adapter, Adapter]) -> None:
    mixer = Mixer(model)
    mixer.apply([(two[1], 1.0)])
    mixer.apply([(two[0], 1.0)])
    assert isinstance(mixer.originals, InMemory)
    assert mixer.originals.layers == set(two[0].changes)
    mixer.apply([])
    assert not mixer.originals.layers


def test_originals_can_be_read_from_the_models_files(
    tiny: Path, model: Model, two: tuple[Adapter, Adapter]
) -> None:
    before, mix = weights(model), [(two[0], 0.7), (two[1], -0.4)]
    Mixer(model).apply(mix)
    wanted = weights(model)
    model.denoiser.load_state_dict({n[9:]: t for n, t in before.items() if n.startswith("denoiser.")})
    text = {n.partition(".")[2]: t for n, t in before.items() if n.startswith("text_encoder.")}
    model.text_encoders["text_encoder"].load_state_dict(text)
    mixer = Mixer(model, InFiles(tiny))
    mixer.apply(mix)
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in weights(model).items())
    mixer.apply([])
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(model).items())


def test_a_layer_of_peft_says_the_same(model: Model) -> None:
    from peft import LoraConfig, get_peft_model

    from studio.adapters.factors import Factors

    net = torch.nn.Sequential(torch.nn.Conv2d(4, 6, 3, padding=1), torch.nn.Flatten(), torch.nn.Linear(96, 5))
    seen = torch.randn(2, 4, 4, 4)
    originals = [net[0].weight.detach().clone(), net[2].weight.detach().clone()]
    tuned = get_peft_model(
        net, LoraConfig(r=3, lora_alpha=5, target_modules=["0", "2"], init_lora_weights=False)
    )
    wanted = tuned(seen)
    with torch.no_grad():
        for weight, layer in zip(originals, (tuned.model[0], tuned.model[2]), strict=True):
            down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
            layer.base_layer.weight.copy_(weight + Factors(down, up, 5.0).delta(weight))
    with tuned.disable_adapter():
        torch.testing.assert_close(tuned(seen), wanted)
