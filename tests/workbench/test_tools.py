"""Each tool of the workbench as a job: what it writes, what it says, and that it can be stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import hypot
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from studio.adapters.layers import DENOISER, Layer
from studio.adapters.library import adapters, find_adapter
from studio.adapters.metadata import AdapterFacts
from studio.errors import AdapterError, Cancelled, SettingsError
from studio.families._base import Model
from studio.generate import opened
from studio.jobs.context import Context
from studio.jobs.events import Artifact, Event
from studio.jobs.requests import STOP
from studio.jobs.run import new_run
from studio.workbench.engine import WorkbenchEngine
from studio.workbench.looks import read_look
from studio.workbench.settings import WorkbenchSettings
from studio.workbench.tools import TOOLS
from studio.workspace import Workspace
from tests.adapters.loras import make_lora

Do = Callable[..., tuple[str, list[Artifact]]]


def anywhere(_layer: Layer) -> bool:
    return True


def of_picture(layer: Layer) -> bool:
    return layer.part == DENOISER and "attn" in layer.path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures in three steps, and no base kept from another test."""
    monkeypatch.setattr("studio.workbench.painting.MOST_STEPS", 3)
    opened.WARM.close()


@pytest.fixture
def two(workspace: Workspace, model: Model) -> Workspace:
    """A library of “fox”, with words, and “ink”."""
    facts = AdapterFacts(base_version="sd_v1", trigger="sks").to_metadata()
    make_lora(workspace.loras / "fox.safetensors", model, seed=1, metadata=facts, where=anywhere)
    make_lora(workspace.loras / "ink.safetensors", model, seed=2, where=of_picture)
    return workspace


@pytest.fixture
def do(two: Workspace, tiny: Path) -> Do:
    """Do a job of a tool with the LoRAs of these names; what it said, and what it made."""

    def work(task: str, *names: str, stop: bool = False, **values: Any) -> tuple[str, list[Artifact]]:
        loras = [{"name": name, "weight": 0.7} for name in names]
        if "base" in TOOLS.get(task).settings.model_fields:
            values = {"base": str(tiny), **values}
        settings = WorkbenchSettings.parse({"task": task, "loras": loras, **values})
        run = new_run(two, "workbench", settings)
        if stop:
            (run.folder(two) / STOP).touch()
        told: list[Event] = []
        said = WorkbenchEngine()(Context(two, run, told.append), settings)
        return said, [event for event in told if isinstance(event, Artifact)]

    return work


def made(told: list[Artifact], what: str = "lora") -> list[Path]:
    return [Path(event.path) for event in told if event.what == what]


def merged_from(path: Path) -> str:
    with safe_open(path, "pt") as file:
        return str(file.metadata()["modelspec.merged_from"])


def check(told: list[Artifact]) -> Artifact:
    (found,) = [event for event in told if event.what == "check"]
    return found


def test_a_merge_paints_what_the_mix_painted_and_says_so(do: Do, two: Workspace) -> None:
    said, told = do("merge", "fox", "ink", to="both", precision="fp32")
    assert said.startswith("“both” is made. At one seed it paints the")
    assert check(told).facts["mean"] < 1
    assert Path(check(told).facts["before"]).is_file() and Path(check(told).path).is_file()
    card = find_adapter(two, "both")
    assert made(told) == [card.path] and card.trigger == "sks" and card.preview is not None
    assert "fox (" in merged_from(card.path) and "ink (" in merged_from(card.path)


def test_a_merge_of_low_rank_says_what_it_keeps(do: Do) -> None:
    said, told = do("merge", "fox", "ink", rank=1)
    assert "It keeps" in said and "of the change" in said
    assert made(told)[0].stem == "fox + ink"


@pytest.mark.parametrize(
    ("task", "values", "name"),
    [
        ("resize", {"rank": 2}, "fox small"),
        ("resize", {"energy": 1.0, "precision": "fp32"}, "fox small"),
        ("convert", {"format": "diffusers"}, "fox diffusers"),
        ("prune", {"blocks": ["mid_block", "text"]}, "fox pruned"),
    ],
)
def test_what_is_made_of_one_says_where_it_came_from(
    do: Do, task: str, values: dict[str, Any], name: str
) -> None:
    said, told = do(task, "fox", **values)
    (path,) = made(told)
    assert path.stem == name
    assert merged_from(path).startswith("fox (")
    assert check(told).facts["text"] in said
    if "rank" not in values:  # nothing was lost
        assert check(told).facts["mean"] < 1


def test_peft_gets_a_folder(do: Do) -> None:
    _, told = do("convert", "fox", format="peft")
    (path,) = made(told)
    assert path.name == "adapter_model.safetensors" and merged_from(path).startswith("fox (")
    assert json.loads((path.parent / "adapter_config.json").read_text())["lora_alpha"] == 2


def test_both_parts_of_a_split_paint_together_what_the_whole_did(do: Do) -> None:
    _, told = do("split", "fox", precision="fp32")
    assert [path.stem for path in made(told)] == ["fox picture", "fox words"]
    assert check(told).facts["mean"] < 1
    with pytest.raises(AdapterError, match="no part in the text encoders"):
        do("split", "ink")


def test_new_words_leave_the_weights_as_they_are(do: Do, two: Workspace) -> None:
    said, told = do("metadata", "fox", title="The fox", trigger="zwx", to="renamed")
    assert "the same bytes" in said
    card = find_adapter(two, "renamed")
    assert (card.title, card.trigger) == ("The fox", "zwx")
    assert merged_from(card.path).startswith("fox (")
    _, told = do("metadata", "fox", strip=True)
    with safe_open(made(told)[0], "pt") as file:
        assert not any(key.startswith("ss_") for key in file.metadata())


def test_a_baked_model_paints_as_the_mix_and_gives_the_lora_back(do: Do, two: Workspace) -> None:
    said, told = do("bake", "fox", to="tiny fox")
    (folder,) = made(told, "model")
    assert folder == two.models / "tiny fox" and "list of base models" in said
    assert check(told).facts["mean"] < 1
    with safe_open(next((folder / "unet").glob("*.safetensors")), "pt") as file:
        assert "fox:0.7 (" in file.metadata()["modelspec.merged_from"]
    said, told = do("extract", tuned="tiny fox", rank=3, to="back")
    assert "of the difference" in said and merged_from(made(told)[0]).startswith("tiny fox (")
    assert check(told).facts["mean"] < 8


def test_a_look_is_remembered_and_needs_no_open_model(do: Do, two: Workspace, tiny: Path) -> None:
    said, told = do("clashes", "fox", "ink")
    assert said.startswith(("No two of them", "“fox” and “ink” fight"))
    cards = [find_adapter(two, name) for name in ("fox", "ink")]
    look = read_look(two, cards, str(tiny))
    assert look is not None and look["names"] == ["fox", "ink"]
    assert [each["total"] > 0 for each in look["force"]] == [True, True]
    assert [hypot(*each["parts"].values()) for each in look["force"]] == pytest.approx(
        [each["total"] for each in look["force"]], rel=1e-3
    )
    assert set(look["masks"]["all"]) >= set(look["blocks"])
    assert len(look["pairs"]) == 1 and set(look["pairs"][0]["strip"]) <= set(look["blocks"])
    assert opened.WARM._opened is None
    assert read_look(two, cards[::-1], str(tiny)) is None
    assert made(told, "look")[0].is_file()


def test_loras_of_one_trigger_word_are_told_of(do: Do, two: Workspace, tiny: Path, model: Model) -> None:
    facts = AdapterFacts(base_version="sd_v1", trigger="sks").to_metadata()
    make_lora(two.loras / "owl.safetensors", model, seed=3, metadata=facts, where=of_picture)
    do("clashes", "fox", "ink", "owl")
    cards = [find_adapter(two, name) for name in ("fox", "ink", "owl")]
    look = read_look(two, cards, str(tiny))
    assert look is not None
    told = "“fox” and “owl” come at the same word, “sks”: in a prompt it calls all of them."
    assert told in look["sentences"]


def test_suggested_mixes_come_as_pictures_to_pick_from(do: Do) -> None:
    said, told = do("suggest", "fox", "ink", tries=4, prompt="a fox")
    sheet = [event for event in told if event.what == "suggestion"]
    assert len(sheet) == 4 and "4 mixes" in said
    assert all(Path(event.path).is_file() and len(event.facts["mix"]) == 2 for event in sheet)
    assert len({json.dumps(event.facts["mix"]) for event in sheet}) == 4
    (order,) = [event.facts["pictures"] for event in told if event.what == "order"]
    assert sorted(order) == sorted(event.path for event in sheet)


def test_an_old_file_is_opened_if_the_person_agrees(do: Do, two: Workspace, tmp_path: Path) -> None:
    tensors = load_file(two.loras / "fox.safetensors")
    torch.save({"state_dict": tensors}, tmp_path / "old.pt")
    with pytest.raises(AdapterError, match="can hold programs"):
        do("unpickle", file=str(tmp_path / "old.pt"))
    _, told = do("unpickle", file=str(tmp_path / "old.pt"), agree=True)
    assert made(told) == [two.loras / "old.safetensors"]
    torch.save({"x": torch.ones(2)}, tmp_path / "no.pt")
    with pytest.raises(AdapterError, match="no part of a LoRA"):
        do("unpickle", file=str(tmp_path / "no.pt"), agree=True)
    assert not (two.loras / "no.safetensors").exists()


def test_without_a_base_the_file_is_made_and_the_person_is_told(do: Do) -> None:
    said, told = do("merge", "fox", "ink", base="not there")
    assert said.startswith("“fox + ink” is made.")
    (note,) = [event.facts["text"] for event in told if event.what == "note"]
    assert note.startswith("It was not checked by a picture. There is no base model called")


def test_stop_leaves_no_file_behind(do: Do, two: Workspace) -> None:
    before = {card.name for card in adapters(two)}
    with pytest.raises(Cancelled):
        do("merge", "fox", "ink", stop=True)
    assert {card.name for card in adapters(two)} == before


@pytest.mark.parametrize("names", [(), ("fox",)])
def test_too_few_are_told_in_a_sentence(do: Do, names: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="Choose 2 LoRAs or more first"):
        do("merge", *names)


def test_an_unknown_tool_is_told_in_a_sentence() -> None:
    with pytest.raises(SettingsError, match="no tool of the workbench called “fly”"):
        WorkbenchSettings.parse({"task": "fly"})
