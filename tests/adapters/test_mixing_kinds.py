"""Mixes of every kind of adapter, against the formula and against peft."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from studio.adapters.mixing import Mixer
from studio.adapters.naming import layer_table
from studio.adapters.reading import Adapter
from studio.adapters.writing import write_adapter
from studio.families._base import Model
from tests.adapters.loras import KINDS, keyed, random_change, read_lora, weights


@pytest.fixture
def every(tmp_path: Path, model: Model) -> dict[str, Adapter]:
    """An adapter of each kind for all linear and convolution layers, written and read."""
    found = {}
    for number, kind in enumerate(KINDS):
        dice = torch.Generator().manual_seed(number)
        changes = {e: random_change(kind, e.shape, dice) for e in layer_table(model).layers}
        path = tmp_path / f"{number}.safetensors"
        write_adapter(path, keyed(changes), {}, dtype=torch.float32)
        found[kind] = read_lora(path, model)
        assert found[kind].changes.keys() == changes.keys()
        for layer, change in changes.items():
            weight = torch.ones(layer.shape)
            assert torch.equal(found[kind].changes[layer].delta(weight), change.delta(weight))
    return found


def test_a_mix_of_all_kinds_is_that_of_the_formula(model: Model, every: dict[str, Adapter]) -> None:
    before = weights(model)
    mix = [(adapter, 0.3 * (-1) ** number) for number, adapter in enumerate(every.values())]
    Mixer(model).apply(mix)
    told = weights(model)
    for layer in layer_table(model).layers:
        name = f"{layer.part}.{layer.path}.weight"
        wanted = before[name].double()
        for adapter, share in mix:
            wanted += share * adapter.changes[layer].delta(before[name]).double()
        torch.testing.assert_close(told[name].double(), wanted, rtol=1e-5, atol=1e-5)


def test_after_a_thousand_moves_of_sliders_zero_gives_the_very_bits_back(
    model: Model, every: dict[str, Adapter]
) -> None:
    model.denoiser.half()
    few = [Adapter(a.name, dict([*a.changes.items()][::30]), {}, a.receipt) for a in every.values()]
    before, mixer, dice = weights(model), Mixer(model), random.Random(0)
    for _ in range(1000):
        given = dice.sample(few, dice.randint(0, 3))
        mixer.apply([(adapter, dice.uniform(-2, 2)) for adapter in given])
    mixer.apply([(adapter, 0.0) for adapter in few])
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(model).items())


def config(kind: str) -> Any:
    from peft import LoHaConfig, LoKrConfig, LoraConfig

    targets = ["to_q", "to_v", "to_out.0", "proj_in", "conv1", "q_proj", "fc1"]
    if kind == "LoHa":
        return LoHaConfig(r=3, alpha=2, target_modules=targets, init_weights=False)
    if kind == "LoKr":
        return LoKrConfig(r=3, alpha=2, target_modules=targets, init_weights=False)
    return LoraConfig(
        r=3, lora_alpha=2, target_modules=targets, init_lora_weights=False, use_dora=kind == "DoRA"
    )


@pytest.mark.parametrize("kind", ["LoRA", "LoHa", "LoKr", "DoRA"])
def test_the_picture_is_that_which_peft_paints_beside_the_layers(
    tmp_path: Path, model: Model, kind: str
) -> None:
    from peft import get_peft_model_state_dict, inject_adapter_in_model

    from studio.models.opening import open_model
    from studio.workspace import Workspace

    theirs = open_model(str(model.denoiser.config._name_or_path).removesuffix("/unet"), Workspace(tmp_path))
    tensors: dict[str, Tensor] = {}
    torch.manual_seed(3)
    for name, root in (("unet", theirs.denoiser), ("text_encoder", theirs.text_encoders["text_encoder"])):
        inject_adapter_in_model(config(kind), root)
        for key, tensor in get_peft_model_state_dict(root, adapter_name="default").items():
            small = tensor * 0.3 if "lora_A" in key else tensor
            tensors[f"{name}.{key.removeprefix('base_model.model.')}"] = small.detach().clone()
    _load(theirs, tensors)
    for key in [key for key in tensors if key.endswith("lokr_w1") and f"{key[:-1]}2" in tensors]:
        tensors[key] *= 2 / 3  # of two whole matrices, LyCORIS takes no alpha, peft does
    names = {key.rpartition(".hada_" if "hada" in key else ".lo")[0] for key in tensors}
    tensors |= {f"{name}.alpha": torch.tensor(2.0) for name in names}
    path = tmp_path / "peft.safetensors"
    save_file(tensors, path)
    adapter = read_lora(path, model)
    bare = painted(model)
    Mixer(model).apply([(adapter, 1.0)])

    ours, wanted = painted(model), painted(theirs)
    assert adapter.receipt.matched.keys() == {"denoiser", "text_encoder"}
    assert float((ours - wanted).abs().max()) < 2e-4
    assert float((bare - wanted).abs().max()) > 1e-2


def _load(theirs: Model, tensors: dict[str, Tensor]) -> None:
    from peft import set_peft_model_state_dict

    for name, root in (("unet", theirs.denoiser), ("text_encoder", theirs.text_encoders["text_encoder"])):
        own = {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}
        left = set_peft_model_state_dict(root, own, adapter_name="default")
        assert not left.unexpected_keys


def painted(model: Model) -> Tensor:
    """What the denoiser says of fixed noise, told by the text encoder."""
    with torch.no_grad():
        model.denoiser.double()
        told = {name: tensor.double() for name, tensor in model.encode_prompts(["a fox"]).items()}
        noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
        said = model.predict(noise.double(), torch.tensor([500]), told)
        model.denoiser.float()
        return said
