from __future__ import annotations

from pathlib import Path

import pytest

from studio.families._base import Model
from studio.generate.fast import fast_kind
from studio.generate.recipe import read_recipe
from tests.adapters.loras import make_lora
from tests.generate.studio_run import Bench
from tests.tiny import SIDE

SIZE = {"width": SIDE, "height": SIDE}


@pytest.mark.parametrize(
    ("name", "kind", "steps"),
    [
        ("lcm-lora-sdv1-5", "LCM", 6),
        ("sdxl_lightning_4step_lora", "Lightning", 4),
        ("SDXL-Lightning-8steps", "Lightning", 8),
        ("Hyper-SD15-8steps-lora", "Hyper", 8),
        ("FLUX.1-Turbo-Alpha", "Turbo", 4),
        ("sd_xl_turbo_lora_v1", "Turbo", 4),
        ("dmd2_sdxl_4step_lora", "DMD2", 4),
        ("TCD-SDXL-LoRA", "TCD", 4),
        ("hyperrealism", "", 0),
        ("lightnings in the sky", "", 0),
        ("turbocharged car", "", 0),
        ("ink", "", 0),
    ],
)
def test_adapters_for_few_steps_are_known_by_name(name: str, kind: str, steps: int) -> None:
    found = fast_kind(name)
    assert (found[0].title, found[1]) == (kind, steps) if found else not kind


def test_what_was_left_open_is_set_and_told(bench: Bench, model: Model) -> None:
    make_lora(bench.workspace.loras / "lcm-tiny.safetensors", model, seed=1)
    bench.run(prompt="a fox", steps=0, adapters=[{"name": "lcm-tiny"}], **SIZE)
    values = read_recipe(Path(bench.made()[0].path)).values
    assert (values["sampler"], values["steps"], values["guidance"]) == ("lcm", 6, 1.5)
    (note,) = bench.made("note")
    assert "“lcm-tiny” is a LCM adapter" in note.facts["text"] and "6 steps" in note.facts["text"]


def test_what_the_person_chose_stays(bench: Bench, model: Model) -> None:
    make_lora(bench.workspace.loras / "lcm-tiny.safetensors", model, seed=1)
    chosen = {"steps": 3, "guidance": 2.0, "sampler": "ddim"}
    bench.run(prompt="a fox", adapters=[{"name": "lcm-tiny"}], **chosen, **SIZE)
    values = read_recipe(Path(bench.made()[0].path)).values
    assert {name: values[name] for name in chosen} == chosen and not bench.made("note")
    bench.run(prompt="a fox", steps=0, adapters=[{"name": "lcm-tiny", "on": False}], **SIZE)
    assert read_recipe(Path(bench.made()[0].path)).values["sampler"] == "auto"
