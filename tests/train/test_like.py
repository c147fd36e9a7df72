"""A LoRA's file says how to train it again, and a file of kohya's trainer what it wanted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio import cli
from studio.adapters.header import read_header
from studio.errors import AdapterError, SettingsError
from studio.train.kohya import from_kohya, read_kohya
from studio.train.like import like
from studio.train.settings import TrainSettings
from tests.train.studio_in_small import Small, draw_picture, make_small


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


def test_a_lora_is_trained_again_from_its_file_alone(small: Small) -> None:
    small.train(small.run(seed=-1, learning_rate=1e-2))
    first = small.workspace.loras / "dots.safetensors"
    found = like(first, small.workspace)
    assert found.differences == ()
    small.train(small.run(**found.settings.model_dump()))
    hashes = [
        read_header(path).metadata["sshs_model_hash"]
        for path in sorted(small.workspace.loras.glob("*.safetensors"))
    ]
    assert len(hashes) == 2 and len(set(hashes)) == 1


def test_what_differs_now_is_said(small: Small) -> None:
    small.train(small.run(captions="captions"))
    folder = small.workspace.datasets / "dots"
    draw_picture(folder / "0.png", "black")
    (folder / "1.txt").write_text("something else")
    (folder / "2.png").unlink()
    draw_picture(folder / "new.png", "red")
    unet = next((small.workspace.models / "tiny" / "unet").glob("*.safetensors"))
    unet.write_bytes(unet.read_bytes()[:-4] + b"\1\2\3\4")
    told = like(small.workspace.loras / "dots.safetensors", small.workspace).differences
    assert set(told) == {
        "The base model tiny has other weights than then.",
        "0.png was changed.",
        "1.png has another caption.",
        "2.png is gone.",
        "new.png is new.",
    }


def test_class_pictures_that_changed_are_said(small: Small) -> None:
    own = small.workspace.datasets / "others"
    own.mkdir()
    draw_picture(own / "other.png", "black")
    small.train(small.run(keep_class="on", class_folder="others", steps=1))
    lora = small.workspace.loras / "dots.safetensors"
    assert like(lora, small.workspace).differences == ()
    draw_picture(own / "more.png", "blue")
    assert like(lora, small.workspace).differences == ("The class pictures were changed.",)


def test_a_lora_of_another_trainer_cannot_be_trained_again(small: Small, tmp_path: Path) -> None:
    header = b"{}"
    stranger = tmp_path / "stranger.safetensors"
    stranger.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(AdapterError, match="does not say how it was trained"):
        like(stranger, small.workspace)


def test_the_command_says_what_differs_and_trains_with_the_same_settings(
    small: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small.train(small.run(steps=1, learning_rate=3e-4))
    (small.workspace.datasets / "dots" / "1.txt").write_text("a dot")
    lora, begun = small.workspace.loras / "dots.safetensors", []
    monkeypatch.setattr(cli, "_do", lambda workspace, kind, settings, title: begun.append(settings))
    told = ["train", "--like", str(lora), "--captions", "captions", "--workspace", str(small.workspace.root)]
    cli.app(told, standalone_mode=False)
    assert "Nothing differs" in capsys.readouterr().out
    assert (begun[0].learning_rate, begun[0].seed, begun[0].captions) == (3e-4, 7, "captions")
    (small.workspace.datasets / "dots" / "2.png").unlink()
    cli.app(told, standalone_mode=False)
    assert "2.png is gone." in capsys.readouterr().out


KOHYA = {
    "pretrained_model_name_or_path": "/models/sd15.safetensors",
    "train_data_dir": "/data/fox",
    "resolution": "768,768",
    "unet_lr": 2e-4,
    "text_encoder_lr": 5e-5,
    "network_dim": 32,
    "network_alpha": 16,
    "network_module": "networks.lora",
    "optimizer_type": "AdamW8bit",
    "lr_scheduler": "cosine_with_restarts",
    "lr_scheduler_num_cycles": 4,
    "max_train_steps": 1600,
    "shuffle_caption": True,
    "mixed_precision": "bf16",
    "xformers": True,
    "scale_weight_norms": 1.5,
    "logging_dir": "/logs",
}


def test_settings_of_kohyas_trainer_are_taken_over_as_far_as_they_map() -> None:
    found = from_kohya(KOHYA)
    settings = TrainSettings.parse(found.values)
    assert (settings.base, settings.dataset) == ("/models/sd15.safetensors", "/data/fox")
    assert (settings.resolution, settings.rank, settings.alpha, settings.steps) == (768, 32, 16, 1600)
    assert (settings.learning_rate, settings.text_learning_rate) == (2e-4, 5e-5)
    assert (settings.schedule, settings.restarts, settings.optimizer) == ("cosine-restarts", 4, "adamw8bit")
    assert settings.shuffle_tags and settings.precision == "bf16"
    assert found.notes == ("scale_weight_norms = 1.5 has no counterpart here and was left out.",)


@pytest.mark.parametrize(
    ("given", "values", "noted"),
    [
        ({"network_module": "lycoris.kohya", "network_args": ["algo=lokr"]}, {"network": "lokr"}, ""),
        ({"optimizer_type": "DAdaptation"}, {}, "optimizer_type"),
        ({"network_train_unet_only": True, "text_encoder_lr": 1e-5}, {"text_learning_rate": 0.0}, ""),
        ({"reg_data_dir": "/reg"}, {"class_folder": "/reg", "keep_class": "on"}, ""),
        ({"epoch": 10}, {}, "Epochs"),
        ({"min_timestep": 200}, {"timestep_from": 0.2}, ""),
        ({"optimizer_arguments": {"weight_decay_type": "odd"}}, {}, "weight_decay_type"),
        ({"optimizer_args": ["weight_decay=0.1", "betas=0.9,0.99"]}, {"weight_decay": 0.1}, "betas"),
        ({"unet_lr": 2e-4, "learning_rate": 1e-4}, {"learning_rate": 2e-4}, ""),
        ({"unet_lr": 0, "learning_rate": 1e-4}, {"learning_rate": 1e-4}, ""),
        (
            {"network_module": "networks.lora", "learning_rate": 1e-4},  # its text encoder learns by default
            {"network": "lora", "learning_rate": 1e-4, "text_learning_rate": 1e-4},
            "",
        ),
        ({"LoRA_type": "LyCORIS/LoHa"}, {"network": "loha"}, ""),
        (
            {"network_module": "networks.lora", "network_args": ["conv_dim=8"]},
            {"network": "locon"},
            "conv_dim",
        ),
        ({"lr_warmup_steps": 0.1}, {"warmup": 0.1}, ""),
        ({"sample_prompts": "a fox --w 512 --d 1\n# no"}, {"sample_prompts": "a fox"}, ""),
        ({"network_dim": 999}, {}, "at most 256"),
        ({"clip_skip": "1", "loss_type": "l2", "max_token_length": "75", "color_aug": False}, {}, ""),
        ({"clip_skip": 2}, {}, "clip_skip"),
        ({"stop_text_encoder_training": 50}, {"text_part": 0.5}, ""),
    ],
)
def test_what_kohya_says_in_ways_of_its_own(given: dict, values: dict, noted: str) -> None:  # type: ignore[type-arg]
    found = from_kohya(given)
    assert found.values == values
    assert noted in " ".join(found.notes)
    assert bool(noted) == bool(found.notes)


def test_both_kinds_of_files_are_read_and_others_refused(tmp_path: Path) -> None:
    as_json, as_toml, damaged = tmp_path / "a.json", tmp_path / "a.toml", tmp_path / "b.toml"
    as_json.write_text(json.dumps({"network_dim": 8}))
    as_toml.write_text(
        "[network_arguments]\nnetwork_dim = 8\n[[datasets]]\n[[datasets.subsets]]\nimage_dir = '/one'\n"
        "[[datasets.subsets]]\nimage_dir = '/two'\nnum_repeats = 3\n"
    )
    damaged.write_text("network_dim = = 8")
    assert read_kohya(as_json).values == {"rank": 8}
    assert read_kohya(as_toml).values == {"rank": 8, "dataset": "/one", "more_datasets": "/two x3"}
    with pytest.raises(SettingsError, match=r"b\.toml"):
        read_kohya(damaged)
