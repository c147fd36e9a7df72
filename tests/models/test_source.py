"""The base-model box: what it offers, and what it makes of what a person types."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from studio.errors import ModelError
from studio.models.hashes import sha256
from studio.models.identify import identify
from studio.models.layout import read_header, read_layout
from studio.models.opening import open_model
from studio.models.source import MINIATURES, add_folder, bases, extra_folders, remove_folder, resolve
from studio.workspace import Workspace
from tests.tiny import write_tiny_pipeline


def checkpoint(path: Path, **tensors: torch.Tensor) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors or {"a.weight": torch.zeros(2)}, path)
    return path


def sd1(path: Path) -> Path:
    """A file that looks like a Stable Diffusion 1 from outside."""
    unet = "model.diffusion_model.input_blocks"
    return checkpoint(
        path,
        **{
            f"{unet}.0.0.weight": torch.zeros(8, 4, 3, 3),
            f"{unet}.1.1.transformer_blocks.0.attn2.to_k.weight": torch.zeros(8, 768),
        },
    )


def test_models_are_found_by_name_path_and_in_folders_of_other_programs(
    workspace: Workspace, tmp_path: Path
) -> None:
    mine = sd1(workspace.models / "dream.v1.safetensors")
    nested = sd1(workspace.models / "anime" / "toon.safetensors")
    other = sd1(tmp_path / "webui" / "Stable-diffusion" / "real.safetensors")
    add_folder(workspace, tmp_path / "webui")
    assert resolve("dream.v1.safetensors", workspace).path == mine
    assert resolve("dream.v1", workspace).path == mine
    assert resolve("anime/toon", workspace).path == nested
    assert resolve(str(other), workspace).path == other
    assert resolve("Stable-diffusion/real", workspace).path == other


def test_the_box_offers_the_miniature_then_what_is_here_then_the_hub(
    workspace: Workspace, tmp_path: Path
) -> None:
    sd1(workspace.models / "dream.safetensors")
    write_tiny_pipeline(workspace.models / "tiny")
    other = sd1(tmp_path / "webui" / "real.safetensors")
    checkpoint(workspace.models / "no-model.safetensors")
    (workspace.models / "notes.txt").write_text("hello")
    add_folder(workspace, tmp_path / "webui")
    offered = bases(workspace)
    assert offered[0].value == "pocket"
    own = [base for base in offered if base.value not in MINIATURES]
    assert [base.value for base in own if base.downloaded] == [
        "dream.safetensors",
        "tiny",
        str(other),
    ]
    assert all(resolve(base.value, workspace) for base in offered)
    assert [base.family_title for base in own][:2] == ["Stable Diffusion 1.x", "Miniature"]
    assert not offered[-1].downloaded
    assert own[0].size_bytes == 4 * (8 * 4 * 9 + 8 * 768)


def test_the_miniature_is_always_there(workspace: Workspace) -> None:
    assert identify(resolve("pocket", workspace)).name == "pocket"


def test_an_id_of_the_hub_is_one_until_the_model_is_here(workspace: Workspace) -> None:
    assert resolve("somebody/something", workspace).kind == "hub"
    sd1(workspace.models / "somebody--something.safetensors")
    assert resolve("somebody/something", workspace).kind == "file"


@pytest.mark.parametrize("text", ["nobody", "", "../secret", "a/b/c", "/nowhere/x.safetensors"])
def test_what_is_not_there_is_told(workspace: Workspace, text: str) -> None:
    sd1(workspace.root / "secret.safetensors")
    with pytest.raises(ModelError, match="There is no base model"):
        resolve(text, workspace)


def test_pickled_weights_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "old.ckpt").write_bytes(b"PK")
    with pytest.raises(ModelError, match=r"old\.ckpt cannot be opened. Only \.safetensors"):
        resolve(str(tmp_path / "old.ckpt"), workspace)


def test_a_folder_that_holds_no_model_is_told(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no model"):
        resolve(str(tmp_path), workspace)


def test_folders_of_other_programs_can_be_added_and_taken_away(workspace: Workspace, tmp_path: Path) -> None:
    add_folder(workspace, tmp_path)
    add_folder(workspace, tmp_path)
    assert extra_folders(workspace) == [tmp_path]
    remove_folder(workspace, tmp_path)
    assert extra_folders(workspace) == []
    with pytest.raises(ModelError, match="not a folder"):
        add_folder(workspace, tmp_path / "missing")


DAMAGE = {
    "empty": b"",
    "text": b"this is no model at all, it is a text",
    "short header": struct.pack("<Q", 4000) + b"{}",
    "no json": struct.pack("<Q", 8) + b"nonsense",
    "odd json": struct.pack("<Q", 14) + b'{"a": [1, 2] }',
    "cut short": struct.pack("<Q", 62) + b'{"a":{"dtype":"F32","shape":[1000],"data_offsets":[0,4000]}}  ',
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_is_named_and_not_opened(workspace: Workspace, name: str) -> None:
    file = workspace.models / f"{name}.safetensors"
    file.write_bytes(DAMAGE[name])
    with pytest.raises(ModelError, match=f"{name}.safetensors cannot be opened"):
        open_model(name, workspace)
    assert name not in " ".join(base.value for base in bases(workspace))


def test_a_header_says_names_shapes_and_size(tmp_path: Path) -> None:
    file = checkpoint(tmp_path / "x.safetensors", a=torch.zeros(3, 4, dtype=torch.float16), b=torch.zeros(5))
    entries = read_header(file)
    assert entries["a"].shape == (3, 4)
    assert sum(entry.size_bytes for entry in entries.values()) == 3 * 4 * 2 + 5 * 4


def test_a_folder_with_pickled_weights_only_is_told(workspace: Workspace) -> None:
    folder = write_tiny_pipeline(workspace.models / "old")
    for file in folder.glob("*/*.safetensors"):
        file.rename(file.with_suffix(".bin"))
    with pytest.raises(ModelError, match=r"old holds no \.safetensors weights"):
        read_layout(resolve("old", workspace))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("lora_unet_down_blocks_0.lora_down.weight", "a LoRA"),
        ("conditioner.embedders.1.model.ln_final.weight", "an SDXL model"),
        ("cond_stage_model.model.ln_final.weight", "an SD2 model"),
        ("model.diffusion_model.joint_blocks.0.x", "an SD3 model"),
        ("model.diffusion_model.double_blocks.0.x", "a FLUX model"),
        ("control_model.input_blocks.0.0.weight", "a ControlNet"),
        ("decoder.conv_in.weight", "a VAE alone"),
        ("text_model.embeddings.token_embedding.weight", "a text encoder alone"),
        ("something.else", "no model that the studio knows"),
    ],
)
def test_an_unknown_file_is_told_as_what_it_seems_to_be(workspace: Workspace, name: str, told: str) -> None:
    checkpoint(workspace.models / "mystery.safetensors", **{name: torch.zeros(2)})
    with pytest.raises(ModelError, match=f"“mystery” is {told}.*Stable Diffusion 1"):
        identify(resolve("mystery", workspace))


def test_a_hash_is_remembered_until_the_file_changes(workspace: Workspace) -> None:
    file = checkpoint(workspace.models / "x.safetensors")
    first = sha256(file, workspace)
    checkpoint(file, a=torch.ones(3))
    second = sha256(file, workspace)
    assert first != second
    assert sha256(file, workspace) == second
    assert len(second) == 64
