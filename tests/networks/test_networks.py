"""Every network: put in, it changes nothing; trained, its file says exactly what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from studio.adapters.naming import DENOISER
from studio.errors import SettingsError
from studio.families import FAMILIES
from studio.families._base import Model
from studio.models.opening import open_model
from studio.networks import INITIALIZATIONS, NETWORKS
from studio.networks._targets import chosen_layers
from studio.workspace import Workspace
from tests.networks.put_in import attach, read_into, said, settings, train, write

BEGINNINGS = [("lora", beginning) for beginning in INITIALIZATIONS if beginning != "usual"]
WAYS = [*((name, "usual") for name in NETWORKS.names()), *BEGINNINGS, ("locon", "pissa"), ("locon", "eva")]
NAMES = NETWORKS.names()


@pytest.fixture
def fresh(tiny: Path, workspace: Workspace) -> Model:
    return open_model(str(tiny), workspace)


@pytest.mark.parametrize(("name", "beginning"), WAYS)
def test_its_file_on_a_fresh_base_is_what_was_trained(
    model: Model, fresh: Model, tmp_path: Path, name: str, beginning: str
) -> None:
    with torch.no_grad():
        before = said(model)
    attached = attach(model, name, initialization=beginning, rank_stabilised=True)
    trained = train(model, attached)
    assert (trained - before).abs().max() > 1e-2
    adapter = read_into(fresh, write(tmp_path / "a.safetensors", model, attached))
    assert len(adapter.changes) == len(attached.factors())
    with torch.no_grad():
        assert torch.allclose(said(fresh), trained, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_text_encoders_learn_and_are_written_too(
    model: Model, fresh: Model, tmp_path: Path, name: str
) -> None:
    attached = attach(model, name, text_learning_rate=1e-4)
    assert attached.text_weights
    assert attached.text_weights.items() < attached.weights.items()
    trained = train(model, attached)
    adapter = read_into(fresh, write(tmp_path / "a.safetensors", model, attached))
    assert {layer.part for layer in adapter.changes} == {DENOISER, "text_encoder"}
    with torch.no_grad():
        assert torch.allclose(said(fresh), trained, atol=2e-5)


@pytest.mark.parametrize(("name", "beginning"), WAYS)
def test_fresh_it_changes_nothing_and_switched_off_it_leaves_the_untouched_base(
    model: Model, name: str, beginning: str
) -> None:
    with torch.no_grad():
        before = said(model)
        attached = attach(model, name, initialization=beginning)
        assert torch.allclose(said(model), before, atol=2e-6)
    trained = train(model, attached)
    frozen = next(iter(attached.weights.values())).requires_grad_(False)
    with attached.off(), torch.no_grad():
        assert torch.equal(said(model), before)
    with torch.no_grad():
        assert torch.equal(said(model), trained)
    assert not frozen.requires_grad
    assert all(not each.requires_grad for each in attached.fixed.values())
    assert sum(each.requires_grad for each in attached.weights.values()) == len(attached.weights) - 1


@pytest.mark.parametrize(("name", "beginning"), WAYS)
def test_a_state_is_taken_over_exactly(model: Model, fresh: Model, name: str, beginning: str) -> None:
    attached = attach(model, name, initialization=beginning)
    trained = train(model, attached)
    torch.manual_seed(99)
    other = NETWORKS.get(name).attach(fresh, settings(initialization=beginning))
    other.load(attached.state())
    fresh.train_with(checkpointing=False)
    with torch.no_grad():
        assert torch.equal(said(fresh), trained)


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_trained_is_in_float32_whatever_the_base_is_in(
    tiny: Path, workspace: Workspace, name: str
) -> None:
    model = open_model(str(tiny), workspace, dtype=torch.bfloat16)
    attached = NETWORKS.get(name).attach(model, settings())
    assert {weight.dtype for weight in attached.weights.values()} == {torch.float32}
    trained = {id(weight) for weight in model.denoiser.parameters() if weight.requires_grad}
    assert trained == {id(weight) for weight in attached.weights.values()}


def test_a_narrow_network_is_in_attention_and_a_wide_one_in_all_blocks(model: Model, fresh: Model) -> None:
    narrow = attach(model, "lora").factors()
    wide = attach(fresh, "locon").factors()
    assert {path.rsplit(".to_", 1)[-1] for path in narrow} == {"q", "k", "v", "out.0"}
    assert narrow.keys() < wide.keys()
    rest = " ".join(wide.keys() - narrow.keys())
    assert all(
        word in rest for word in ("ff.net.0.proj", "conv1", "proj_in", "time_emb_proj", "conv_shortcut")
    )
    assert not {"conv_in", "conv_out", "time_embedding.linear_1"} & wide.keys()


@pytest.mark.parametrize("name", ["lora", "lokr"])
def test_only_the_blocks_that_were_named_are_trained(model: Model, name: str) -> None:
    paths = attach(model, name, blocks="up, Middle").factors()
    assert {path.split(".")[0] for path in paths} == {"up_blocks", "mid_block"}


def test_content_and_style_blocks_are_the_family_s_to_name(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {**model.family.blocks, "style": r"up_blocks\.0\.attentions\.1\."}
    monkeypatch.setattr(model.family, "blocks", named)
    paths = attach(model, "locon", blocks="style").factors()
    assert {path[: len("up_blocks.0.attentions.1")] for path in paths} == {"up_blocks.0.attentions.1"}


@pytest.mark.parametrize(("block", "number"), [("content", 0), ("style", 1)])
def test_sdxl_has_the_two_blocks_of_b_lora(block: str, number: int) -> None:
    layers = {
        f"up_blocks.{up}.attentions.{at}.transformer_blocks.0.attn1.to_q": (8, 8)
        for up in range(2)
        for at in range(3)
    }
    chosen = chosen_layers(FAMILIES.get("sdxl"), DENOISER, layers, blocks=block, wide=False)
    assert chosen == [f"up_blocks.0.attentions.{number}.transformer_blocks.0.attn1.to_q"]


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"blocks": "style"}, "blocks", "down, middle, up"),
        ({"initialization": "eva"}, "initialization", "usual"),
    ],
    ids=str,
)
def test_what_does_not_suit_is_told_by_its_field(
    model: Model, values: dict[str, str], field: str, says: str
) -> None:
    with pytest.raises(SettingsError, match=says) as fault:
        attach(model, "loha", **values)
    assert fault.value.field == field


def quantise(model: Model) -> None:
    """Pack the attention layers of the denoiser, as opening a base in NF4 does."""
    from bitsandbytes.nn import Linear4bit

    for path in [path for path, _ in model.denoiser.named_modules() if path.endswith("to_q")]:
        plain: Any = model.denoiser.get_submodule(path)
        packed = Linear4bit(plain.in_features, plain.out_features, bias=False, quant_type="nf4")
        packed.load_state_dict(plain.state_dict())
        parent, _, name = path.rpartition(".")
        setattr(model.denoiser.get_submodule(parent), name, packed.to("cpu").requires_grad_(False))


@pytest.mark.parametrize(("name", "beginning"), [("lora", "pissa"), ("dora", "usual"), ("mixable", "usual")])
def test_on_a_quantised_base_a_lora_begins_as_nothing_and_learns(
    model: Model, name: str, beginning: str
) -> None:
    quantise(model)
    with torch.no_grad():
        before = said(model)
        attached = attach(model, name, initialization=beginning)
        assert torch.allclose(said(model), before, atol=1e-5)
    assert (train(model, attached) - before).abs().max() > 1e-2


@pytest.mark.parametrize("name", ["loha", "lokr"])
def test_what_cannot_stand_beside_a_quantised_base_says_so(model: Model, name: str) -> None:
    quantise(model)
    with pytest.raises(SettingsError, match="quantised") as fault:
        attach(model, name)
    assert fault.value.field == "network"


@pytest.mark.parametrize("name", NAMES)
def test_a_rank_larger_than_a_layer_is_cut_to_it_and_told(
    model: Model, fresh: Model, tmp_path: Path, name: str
) -> None:
    attached = attach(model, name, rank=40, alpha=40.0)
    assert "40 is more than" in attached.notes[0]
    assert max(each.rank for each in attached.factors().values()) <= 32
    trained = train(model, attached)
    read_into(fresh, write(tmp_path / "a.safetensors", model, attached))
    with torch.no_grad():
        assert torch.allclose(said(fresh), trained, atol=5e-5)


def test_adapters_for_mixing_hardly_answer_to_one_another_and_usual_ones_do(
    tiny: Path, workspace: Workspace
) -> None:
    def apart(name: str) -> float:
        """The mean cosine of what two adapters read, over their layers."""
        factors = []
        for seed in (1, 2):
            model = open_model(str(tiny), workspace)
            torch.manual_seed(seed)
            factors.append(NETWORKS.get(name).attach(model, settings(rank=2)).factors())
        shared = []
        for path, first in factors[0].items():
            one, other = (each.tensors()["lora_down.weight"] for each in (first, factors[1][path]))
            rows = torch.nn.functional.normalize(one), torch.nn.functional.normalize(other)
            shared.append((rows[0] @ rows[1].T).square().sum() / 2)
        return float(torch.stack(shared).mean())

    assert apart("mixable") < 0.12  # two of 16 or 32 directions: by chance one in 8 to 16 is shared
    assert apart("lora") > 0.05


def test_what_is_fixed_for_mixing_stays_as_it_was_drawn(model: Model) -> None:
    attached = attach(model, "mixable")
    before = {name: each.clone() for name, each in attached.fixed.items()}
    train(model, attached)
    assert before
    assert all(torch.equal(attached.fixed[name], each) for name, each in before.items())
    assert all(name.endswith("lora_B") for name in attached.weights)


@pytest.mark.parametrize("beginning", ["pissa", "olora"])
def test_a_beginning_inside_the_base_leaves_the_base_alone(model: Model, beginning: str) -> None:
    before = {name: value.clone() for name, value in model.denoiser.state_dict().items()}
    train(model, attach(model, "locon", initialization=beginning))
    after = model.denoiser.state_dict()
    assert all(
        torch.equal(value, after.get(name, after.get(_inside(name)))) for name, value in before.items()
    )


def _inside(name: str) -> str:
    """Where peft keeps a layer's own weight."""
    path, _, role = name.rpartition(".")
    return f"{path}.base_layer.{role}"


def test_pissa_begins_at_the_largest_singular_values(model: Model) -> None:
    attached = attach(model, "lora", initialization="pissa", alpha=4.0)
    path, begun = next(iter(attached.factors().items()))
    weight = model.denoiser.get_submodule(path).base_layer.weight.detach()  # type: ignore[union-attr]
    left, values, right = torch.linalg.svd(weight)
    largest = left[:, :4] * values[:4] @ right[:4]
    down, up = (
        begun.tensors()[f"lora_{role}.weight"][: 4 if role == "down" else None] for role in ("down", "up")
    )
    assert torch.allclose(up[:, :4] @ down, largest, atol=1e-5)


def test_eva_begins_where_a_layer_s_inputs_vary_most(model: Model) -> None:
    attached = attach(model, "lora", initialization="eva")
    path = next(path for path in attached.factors() if path.endswith("attn2.to_k"))
    told = model.encode_prompts(["a fox", "a cat"])["prompt_embeds"].flatten(0, 1)
    down = attached.factors()[path].tensors()["lora_down.weight"]
    kept = (told @ down.T).square().sum() / told.square().sum()
    chance = torch.linalg.qr(torch.randn(told.shape[1], 4)).Q
    assert torch.allclose(down @ down.T, torch.eye(4), atol=1e-4)
    assert kept > (told @ chance).square().sum() / told.square().sum() + 0.2


def test_dropout_acts_in_training_and_not_when_it_rests(model: Model) -> None:
    attached = attach(model, "lora", dropout=0.5)
    train(model, attached)
    with torch.no_grad():
        assert not torch.equal(said(model), said(model))
        model.denoiser.eval()
        assert torch.equal(said(model), said(model))
