"""Models from the hub: told first, downloaded whole, gone on with after a break, refused in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from studio.errors import Cancelled, ModelError, Offline
from studio.jobs.context import Context
from studio.jobs.events import Event, Progress
from studio.jobs.run import new_run
from studio.models import hub as hub_module
from studio.models.hub import describe, download, needed
from studio.models.opening import open_model
from studio.models.source import bases
from studio.train.settings import TrainSettings
from studio.workspace import Workspace
from tests.models.hub_in_small import Hub, serving
from tests.tiny import write_tiny_pipeline

ID = "somebody/tiny"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    folder = write_tiny_pipeline(tmp_path / "tiny")
    with serving() as served:
        served.repositories[ID] = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_ENDPOINT", served.address)
        yield served


def test_size_and_licence_are_told_before_anything_is_downloaded(hub: Hub) -> None:
    info = describe(ID)
    assert info.licence == "creativeml-openrail-m"
    assert info.size_bytes == sum(map(len, hub.repositories[ID].values()))
    assert hub.sent < 10_000


def test_choosing_an_id_downloads_and_opens_it(hub: Hub, workspace: Workspace) -> None:
    events: list[Event] = []
    run = new_run(workspace, "train", TrainSettings.parse({"dataset": "x"}))
    model = open_model(
        ID, workspace, device=torch.device("cpu"), context=Context(workspace, run, events.append)
    )
    assert model.family.name == "pocket"
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[-1].step == progress[-1].total == describe(ID).size_bytes
    assert "somebody/tiny" in [base.title for base in bases(workspace)]
    before = hub.sent
    open_model(ID, workspace, device=torch.device("cpu"))
    assert hub.sent == before


def test_a_stopped_download_goes_on_where_it_broke_off(hub: Hub, workspace: Workspace) -> None:
    hub.repositories["somebody/big"] = {"model.safetensors": b"x" * 30_000_000}

    def stop(here: int, total: int) -> None:
        if here > total / 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        download("somebody/big", workspace, stop)
    assert [path.name for path in workspace.models.iterdir()] == [".somebody--big.part"]
    hub.sent = 0
    seen: list[int] = []
    path = download("somebody/big", workspace, lambda here, total: seen.append(here))
    assert path == workspace.models / "somebody--big.safetensors"
    assert path.read_bytes() == b"x" * 30_000_000
    assert hub.sent < 21_000_000
    assert seen[-1] == 30_000_000
    assert list(workspace.models.iterdir()) == [path]


def test_a_file_that_comes_damaged_is_not_kept(hub: Hub, workspace: Workspace) -> None:
    hub.repositories["somebody/big"] = {"model.safetensors": b"x" * 1000}
    hub.damaged["model.safetensors"] = b"y" * 1000
    with pytest.raises(Offline, match="came damaged"):
        download("somebody/big", workspace)
    hub.damaged.clear()
    assert download("somebody/big", workspace).read_bytes() == b"x" * 1000


def test_an_unknown_id_is_told(hub: Hub) -> None:
    with pytest.raises(ModelError, match="no model called nobody/nothing"):
        describe("nobody/nothing")


def test_no_network_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(Offline, match="a/b cannot be downloaded"):
        open_model("a/b", workspace)


def test_a_hub_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(hub_module, "PATIENCE", 0.2)
        with pytest.raises(Offline):
            describe("a/b")


FOLDER = ["model_index.json", "unet/config.json", "vae/config.json", "scheduler/scheduler_config.json"]


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (
            [*FOLDER, "unet/a.safetensors", "unet/a.fp16.safetensors", "unet/a.non_ema.safetensors"],
            [*FOLDER, "unet/a.fp16.safetensors"],
        ),
        (
            [*FOLDER, "unet/a.safetensors", "unet/a.bin", "v1.safetensors", "README.md"],
            [*FOLDER, "unet/a.safetensors"],
        ),
        (
            [*FOLDER, "vae/a.safetensors", "safety_checker/model.safetensors", "tokenizer/merges.txt"],
            [*FOLDER, "vae/a.safetensors", "tokenizer/merges.txt"],
        ),
        (["model.safetensors", "README.md"], ["model.safetensors"]),
    ],
)
def test_only_what_is_used_is_downloaded(files: list[str], chosen: list[str]) -> None:
    assert sorted(needed("a/b", files)) == sorted(chosen)


@pytest.mark.parametrize("files", [["a.ckpt"], ["a.safetensors", "b.safetensors"], [*FOLDER, "unet/a.bin"]])
def test_a_repository_without_one_clear_model_is_refused(files: list[str]) -> None:
    with pytest.raises(ModelError, match="a/b holds no model that the studio can open"):
        needed("a/b", files)


def test_weights_in_several_files_come_with_the_list_of_them() -> None:
    shards = [f"transformer/diffusion_pytorch_model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index = "transformer/diffusion_pytorch_model.safetensors.index.json"
    whole = ["vae/config.json", "vae/diffusion_pytorch_model.safetensors"]
    files = ["model_index.json", "transformer/config.json", index, *shards, *whole, "flux1-dev.safetensors"]
    assert set(needed("someone/flux", files)) == set(files) - {"flux1-dev.safetensors"}
