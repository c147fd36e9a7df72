from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from studio.adapters.factors import Delta, Factors
from studio.adapters.inspection import inspect
from studio.adapters.keying import by_layer, kohya_changes
from studio.adapters.layers import DENOISER, Layer
from studio.adapters.metadata import AdapterFacts
from studio.adapters.mixing import Mixer, Portion
from studio.adapters.naming import layer_table
from studio.adapters.reading import data_hash, read_adapter
from studio.adapters.workbench.baking import bake
from studio.adapters.workbench.conversion import FORMATS, convert
from studio.adapters.workbench.extraction import extract
from studio.adapters.workbench.loose import read_loose
from studio.adapters.workbench.merging import merge
from studio.adapters.workbench.pickles import convert_pickle
from studio.adapters.workbench.reshaping import prune, resize, split
from studio.adapters.workbench.saving import rewrite_metadata, save
from studio.adapters.writing import write_adapter
from studio.errors import AdapterError, Cancelled
from studio.families._base import Model
from tests.adapters.families import table
from tests.adapters.loras import (
    attention,
    keyed,
    make_lora,
    random_change,
    random_factors,
    read_lora,
    weights,
)
from tests.families.originals import write_checkpoint


def everything(_layer: Layer) -> bool:
    return True


@pytest.fixture
def two(tmp_path: Path, model: Model) -> tuple[Path, Path]:
    facts = AdapterFacts(base_version="sd_v1", trigger="sks").to_metadata()
    return (
        make_lora(tmp_path / "one.safetensors", model, seed=1, metadata=facts),
        make_lora(tmp_path / "two.safetensors", model, where=everything, seed=2, rank=5),
    )


def test_a_merge_is_the_mix_it_was_made_of(tmp_path: Path, model: Model, two: tuple[Path, Path]) -> None:
    loose = [read_loose(path) for path in two]
    merged = merge([(loose[0], 0.7), (loose[1], -0.4)])
    assert merged.energy == 1
    path = tmp_path / "merged.safetensors"
    save(path, merged.changes, loose, numbers="fp32")
    before = weights(model)
    Mixer(model).apply([(read_lora(two[0], model), 0.7), (read_lora(two[1], model), -0.4)])
    wanted = weights(model)
    Mixer(model).apply([])
    for name, tensor in before.items():
        part, _, rest = name.partition(".")
        root = model.denoiser if part == DENOISER else model.text_encoders[part]
        root.state_dict()[rest].copy_(tensor)
    Mixer(model).apply([(read_lora(path, model), 1.0)])
    for name, tensor in weights(model).items():
        torch.testing.assert_close(tensor, wanted[name], rtol=1e-5, atol=1e-6)
    told = inspect(path)
    assert told["Merged from"] == f"one ({loose[0].hash[:12]}), two ({loose[1].hash[:12]})"
    assert told["Trigger word"] == "sks"


def test_a_merge_of_a_lower_rank_says_what_it_keeps(two: tuple[Path, Path]) -> None:
    loose = [read_loose(path) for path in two]
    whole, cut = merge([(each, 1.0) for each in loose]), merge([(each, 1.0) for each in loose], rank=4)
    assert all(change.rank <= 4 for change in cut.changes.values())
    lost = total = 0.0
    for name, change in cut.changes.items():
        wanted = whole.changes[name].delta(loose[1].blank(name))
        lost += float((change.delta(loose[1].blank(name)) - wanted).square().sum())
        total += float(wanted.square().sum())
    assert cut.energy == pytest.approx(1 - lost / total, abs=1e-4)
    assert 0.3 < cut.energy < 1


@pytest.mark.parametrize("rule", ["ties", "dare"])
def test_the_rules_work_on_whole_changes(tmp_path: Path, rule: str) -> None:
    dice = torch.Generator().manual_seed(0)
    loose = []
    for name in ("a", "b"):
        down, up = torch.randn(2, 40, generator=dice), torch.randn(30, 2, generator=dice)
        write_adapter(tmp_path / f"{name}.safetensors", {"lora_unet_x": Factors(down, up, 2.0)}, {})
        loose.append(read_loose(tmp_path / f"{name}.safetensors"))
    merged = merge([(each, 0.5) for each in loose], rule=rule, rank=30)
    told = merged.changes["lora_unet_x"].delta(torch.zeros(30, 40))
    parts = [0.5 * each.changes["lora_unet_x"].delta(torch.zeros(30, 40)) for each in loose]
    if rule == "ties":
        largest = [part.abs() >= part.abs().flatten().kthvalue(960 + 1).values for part in parts]
        alone = largest[0] & ~largest[1]
        torch.testing.assert_close(told[alone], parts[0][alone], rtol=1e-3, atol=1e-4)
        assert float(told[~largest[0] & ~largest[1]].abs().max()) < 1e-4
    else:
        sums = {0: 0.0, 1: 0.0}
        for kept in ((2, 0), (0, 2), (2, 2), (0, 0)):
            close = (told - kept[0] * parts[0] - kept[1] * parts[1]).abs() < 1e-3
            sums = {index: sums[index] + float(close.sum()) * (kept[index] > 0) for index in (0, 1)}
        assert all(500 < each < 800 for each in sums.values())


def test_a_merge_can_be_stopped_and_names_must_be_alike(tmp_path: Path, two: tuple[Path, Path]) -> None:
    loose = [read_loose(path) for path in two]

    def stop(done: int, _of: int) -> None:
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        merge([(each, 1.0) for each in loose], progress=stop)
    write_adapter(
        tmp_path / "x.safetensors", {"lora_unet_x": Factors(torch.ones(1, 2), torch.ones(2, 1), 1)}, {}
    )
    with pytest.raises(AdapterError, match="no layer in common"):
        merge([(loose[0], 1.0), (read_loose(tmp_path / "x.safetensors"), 1.0)])


def test_resizing_keeps_what_it_says(two: tuple[Path, Path]) -> None:
    loose = read_loose(two[1])
    same = resize(loose, energy=1.0)
    assert same.energy == pytest.approx(1, abs=1e-5)
    smaller, enough = resize(loose, rank=2), resize(loose, energy=0.7)
    assert {change.rank for change in smaller.changes.values()} <= {1, 2}
    assert 0.7 <= enough.energy < 1
    assert sum(c.rank for c in enough.changes.values()) < sum(c.rank for c in loose.changes.values())


def test_resizing_makes_a_lora_of_other_kinds(tmp_path: Path, model: Model) -> None:
    dice = torch.Generator().manual_seed(0)
    layers = [layer for layer in layer_table(model).layers if attention(layer)]
    for kind in ("LoHa", "LoKr", "full"):
        changes = {layer: random_change(kind, layer.shape, dice) for layer in layers}
        path = tmp_path / f"{kind}.safetensors"
        write_adapter(path, keyed(changes), {}, dtype=torch.float32)
        loose = read_loose(path)
        made = resize(loose, energy=1.0)
        for name, change in made.changes.items():
            wanted = loose.changes[name].delta(loose.blank(name))
            torch.testing.assert_close(change.delta(loose.blank(name)), wanted, rtol=1e-3, atol=1e-3)
    path = tmp_path / "dora.safetensors"
    write_adapter(path, keyed({layer: random_change("DoRA", layer.shape, dice) for layer in layers}), {})
    with pytest.raises(AdapterError, match="cannot be worked on by itself"):
        resize(read_loose(path), rank=2)


def test_the_parts_for_picture_and_words_come_apart(two: tuple[Path, Path]) -> None:
    picture, words = split(read_loose(two[1]))
    assert all(name.startswith("lora_unet_") for name in picture.changes)
    assert words.changes and all(name.startswith("lora_te_") for name in words.changes)


def test_blocks_are_taken_out(two: tuple[Path, Path]) -> None:
    loose = read_loose(two[1])
    left = prune(loose, ["mid_block", "text"])
    assert {name for name in loose.changes if "mid_block" not in name and "lora_te" not in name} == set(
        left.changes
    )
    with pytest.raises(AdapterError, match="has no layers in “up_blocks.7”. Its blocks are down_blocks_0"):
        prune(loose, ["up_blocks.7"])


def test_new_words_leave_the_tensors_as_they_are(tmp_path: Path, two: tuple[Path, Path]) -> None:
    target = tmp_path / "told.safetensors"
    rewrite_metadata(two[0], target, changes={"modelspec.author": "Ada", "ss_base_model_version": ""})
    assert data_hash(target) == data_hash(two[0])
    with safe_open(target, "pt") as new, safe_open(two[0], "pt") as old:
        assert all(torch.equal(new.get_tensor(key), old.get_tensor(key)) for key in [*old.keys()])
        told = new.metadata()
    assert told["modelspec.author"] == "Ada" and "ss_base_model_version" not in told
    bare = tmp_path / "bare.safetensors"
    rewrite_metadata(two[0], bare, strip=True)
    with safe_open(bare, "pt") as file:
        assert set(file.metadata()) == {"format", "sshs_model_hash", "modelspec.hash_sha256"}


@pytest.mark.parametrize("kind", ["LoRA", "DoRA"])
@pytest.mark.parametrize("to", FORMATS)
def test_every_format_is_read_as_it_was_written(tmp_path: Path, model: Model, to: str, kind: str) -> None:
    dice = torch.Generator().manual_seed(0)
    layers = [layer for layer in layer_table(model).layers if attention(layer) and layer.part == DENOISER]
    path = tmp_path / "source.safetensors"
    write_adapter(
        path, keyed({e: random_change(kind, e.shape, dice) for e in layers}), {}, dtype=torch.float32
    )
    source = read_lora(path, model)
    target = tmp_path / ("target" if to == "peft" else "target.safetensors")
    convert(source, layer_table(model), target, to=to, dtype=torch.float32)
    again = read_lora(target / "adapter_model.safetensors" if to == "peft" else target, model)
    assert again.changes.keys() == source.changes.keys()
    for layer, change in again.changes.items():
        weight = torch.ones(layer.shape)
        assert torch.equal(change.delta(weight), source.changes[layer].delta(weight))


def test_diffusers_reads_what_is_converted_for_it_with_its_alpha(
    tmp_path: Path, model: Model, two: tuple[Path, Path]
) -> None:
    adapter, target = read_lora(two[1], model), tmp_path / "theirs.safetensors"
    convert(adapter, layer_table(model), target, to="diffusers", dtype=torch.float32)
    before = weights(model)
    pipeline = model.pipeline()
    pipeline.load_lora_weights(tmp_path, weight_name=target.name, adapter_name="ours")
    pipeline.fuse_lora(components=["unet", "text_encoder"])
    pipeline.unload_lora_weights()
    told = weights(model)
    for layer, change in adapter.changes.items():
        name = f"{layer.part}.{layer.path}.weight"
        torch.testing.assert_close(
            told[name], before[name] + change.delta(before[name]), atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize(
    ("family", "key"),
    [
        ("sd1", "lora_unet_up_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"),
        ("sdxl", "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q"),
        ("sdxl", "lora_te2_text_model_encoder_layers_1_self_attn_q_proj"),
        ("sd3", "lora_unet_joint_blocks_0_x_block_attn_qkv"),
        ("sd3", "lora_te3_encoder_block_0_layer_0_SelfAttention_q"),
        ("flux", "lora_unet_double_blocks_0_img_attn_qkv"),
        ("flux", "lora_unet_single_blocks_1_linear1"),
        ("flux", "lora_te1_text_model_encoder_layers_0_mlp_fc1"),
    ],
)
def test_kohyas_format_has_kohyas_keys_and_is_exact(tmp_path: Path, family: str, key: str) -> None:
    layers = [layer for layer in table(family).layers if not layer.path.endswith("to_k")]
    changes: dict[Layer, Delta] = dict(random_factors(layers, alpha=2.0))
    first = next(iter(changes))
    changes[first] = Factors(changes[first].down, changes[first].up, 7.0)  # type: ignore[attr-defined]
    path = tmp_path / "out.safetensors"
    told = kohya_changes(changes, table(family))
    assert key in told
    write_adapter(path, told, {}, dtype=torch.float32)
    again = read_adapter(path, table(family))
    for layer, change in changes.items():
        wanted = change.delta(torch.zeros(layer.shape))
        torch.testing.assert_close(again.changes[layer].delta(torch.zeros(layer.shape)), wanted)
    for layer in again.changes.keys() - changes.keys():
        assert not again.changes[layer].delta(torch.zeros(layer.shape)).any()


def test_what_a_training_learned_is_keyed_by_its_paths() -> None:
    layers = [layer for layer in table("flux").layers if layer.path.endswith(("attn.to_q", "q_proj"))]
    factors = random_factors(layers)
    paths: dict[str, dict[str, Delta]] = {}
    for layer, each in factors.items():
        paths.setdefault(layer.part, {})[layer.path] = each
    assert by_layer(paths, table("flux")) == factors
    told = kohya_changes(by_layer(paths, table("flux")), table("flux"))
    assert {key for key in told if "_1_" in key} >= {
        "lora_unet_double_blocks_1_img_attn_qkv",
        "lora_te1_text_model_encoder_layers_1_self_attn_q_proj",
    }
    with pytest.raises(AdapterError, match="“nowhere” cannot be named"):
        by_layer({DENOISER: {"nowhere": factors[layers[0]]}}, table("flux"))


def test_extraction_finds_the_lora_that_made_the_difference(model: Model, two: tuple[Path, Path]) -> None:
    adapter = read_lora(two[0], model)
    mixer = Mixer(model)
    mixer.apply([(adapter, 1.0)])
    tuned = weights(model)
    layers = layer_table(model).layers
    changes, energy = extract(
        lambda layer: tuned[f"{layer.part}.{layer.path}.weight"], mixer.original, layers, rank=3
    )
    assert changes.keys() == adapter.changes.keys()
    assert energy == pytest.approx(1, abs=1e-5)
    for layer, change in changes.items():
        wanted = adapter.changes[layer].delta(mixer.original(layer))
        torch.testing.assert_close(change.delta(wanted), wanted, rtol=1e-3, atol=1e-4)
    with pytest.raises(AdapterError, match="the same weights"):
        extract(mixer.original, mixer.original, layers, rank=3)


@pytest.mark.parametrize("original", [False, True])
def test_baking_writes_the_weights_of_the_mix(
    tmp_path: Path, tiny: Path, model: Model, two: tuple[Path, Path], original: bool
) -> None:
    source, target = tiny, tmp_path / "baked"
    if original:
        source = write_checkpoint(model.pipeline(), tmp_path / "base.safetensors")
        target = tmp_path / "baked.safetensors"
    portions = [Portion(read_lora(path, model), 0.6) for path in two]
    before = source.read_bytes() if original else b""
    bake(source, target, portions, layer_table(model))
    Mixer(model).apply(portions)
    wanted = weights(model)
    if original:
        assert source.read_bytes() == before
        told = load_file(target)
        name = "model.diffusion_model.middle_block.1.transformer_blocks.0.attn1.to_q.weight"
        ours = wanted["denoiser.mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight"]
        torch.testing.assert_close(told[name].float(), ours, rtol=2e-3, atol=2e-3)
    else:
        told = load_file(target / "unet" / "diffusion_pytorch_model.safetensors")
        for name, tensor in told.items():
            torch.testing.assert_close(tensor, wanted[f"denoiser.{name}"], rtol=1e-5, atol=1e-6)
        text = load_file(next((target / "text_encoder").glob("*.safetensors")))
        changed = [n for n in text if f"text_encoder.{n.removeprefix('text_model.')}" in wanted]
        assert changed
        for name in changed:
            ours = wanted[f"text_encoder.{name.removeprefix('text_model.')}"]
            torch.testing.assert_close(text[name], ours, rtol=1e-5, atol=1e-6)
    assert sorted(p.name for p in target.parent.iterdir() if p.name.startswith(".")) == []


def test_a_pickle_is_converted_only_if_the_person_agrees(tmp_path: Path) -> None:
    tensors = {
        "lora_unet_x.lora_up.weight": torch.ones(4, 2),
        "lora_unet_x.lora_down.weight": torch.ones(2, 4),
    }
    old, new = tmp_path / "old.pt", tmp_path / "new.safetensors"
    torch.save({"state_dict": tensors, "epoch": 3}, old)
    with pytest.raises(AdapterError, match="can hold programs"):
        convert_pickle(old, new, agreed=False)
    convert_pickle(old, new, agreed=True)
    assert load_file(new).keys() == tensors.keys()


def test_a_pickle_with_a_program_in_it_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (Path(tmp_path / "harm"),))  # type: ignore[return-value]

    old = tmp_path / "evil.pt"
    torch.save({"x": Evil()}, old)
    with pytest.raises(AdapterError, match="holds more than weights"):
        convert_pickle(old, tmp_path / "new.safetensors", agreed=True)
    for content in (b"", b"\x80\x04nonsense", b"PK\x03\x04"):
        old.write_bytes(content)
        with pytest.raises(AdapterError, match="cannot be opened"):
            convert_pickle(old, tmp_path / "new.safetensors", agreed=True)
    assert not (tmp_path / "harm").exists()
