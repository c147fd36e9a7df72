"""The commands on adapter files, as a person types them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.adapters.reading import data_hash
from studio.cli import main
from studio.families._base import Model
from studio.workspace import Workspace
from tests.adapters.loras import make_lora

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Say:
    """`say("inspect", file)`: the exit code, and what was said."""

    def run(*words: object) -> tuple[int, str]:
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as left:
            patch.setattr(sys, "argv", ["studio", "adapter", *map(str, words)])
            patch.setenv("STUDIO_WORKSPACE", str(workspace.root))
            main()
        told = capsys.readouterr()
        return int(left.value.code or 0), " ".join((told.out + told.err).split())

    return run


@pytest.fixture(autouse=True)
def two(workspace: Workspace, model: Model) -> None:
    for number, name in enumerate(("ink", "fox")):
        make_lora(workspace.loras / f"{name}.safetensors", model, seed=number + 1)


def test_a_file_is_looked_into_with_and_without_its_base(say: Say, tiny: Path) -> None:
    code, told = say("inspect", "ink")
    assert code == 0 and "Kind LoRA" in told and "Rank 3" in told
    code, told = say("inspect", "ink", "--base", tiny)
    assert code == 0 and "layers of the denoiser" in told and "layers of the text encoder" in told
    code, told = say("list", "fo")
    assert code == 0 and "fox" in told and "ink" not in told


def test_new_files_are_made_and_found_in_the_library(say: Say, workspace: Workspace, tiny: Path) -> None:
    base = ("--base", tiny)
    for words, said in (
        (("merge", "ink:0.8", "fox:0.5", "--to", "both", "--no-check"), "“both” is made."),
        (("merge", "ink", "fox", "--to", "small", "--rank", 2, "--no-check"), "It keeps"),
        (("resize", "both", "--to", "shorter", "--energy", 0.6, "--no-check"), "It keeps"),
        (("prune", "ink", "--to", "pruned", "--blocks", "mid_block", "--no-check"), "“pruned” is made."),
        (("split", "ink", *base), "At one seed it paints the same picture"),
        (("metadata", "ink", "--to", "told", "--author", "Ada"), "“told” is written."),
        (("convert", "ink", "--to", "theirs", "--format", "diffusers", *base, "--no-check"), "is converted"),
    ):
        code, told = say(*words)
        assert code == 0, told
        assert said in told or said.replace("the same", "the very same") in told
    names = {path.stem for path in workspace.loras.glob("*.safetensors")}
    assert names == {"ink", "fox", "both", "small", "shorter", "pruned"} | {
        "ink picture",
        "ink words",
        "told",
        "theirs",
    }
    assert data_hash(workspace.loras / "told.safetensors") == data_hash(workspace.loras / "ink.safetensors")
    before = (workspace.loras / "both.safetensors").read_bytes()
    code, told = say("merge", "ink", "fox", "--to", "both", "--no-check")
    assert code == 0 and "“both 2” is made." in told
    assert (workspace.loras / "both.safetensors").read_bytes() == before


def test_a_lora_is_baked_in_and_taken_out_again(say: Say, workspace: Workspace, tiny: Path) -> None:
    baked = workspace.models / "baked"
    code, told = say("bake", "ink:0.9", "--base", tiny, "--to", baked, "--no-check")
    assert code == 0, told
    code, told = say("extract", baked, "--base", tiny, "--to", "again", "--rank", 3, "--no-check")
    assert code == 0, told
    assert "It keeps 100.0% of the difference." in told
    code, told = say("clashes", "ink", "again", "--base", tiny)
    assert code == 0 and "cosine 1.00" in told and "fight over the same layers" in told
