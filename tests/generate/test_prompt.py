from __future__ import annotations

import pytest

from studio.errors import SettingsError
from studio.generate.prompts.tags import lora_tag, take_loras
from studio.generate.settings import Mix


@pytest.mark.parametrize(
    ("prompt", "left", "mix"),
    [
        ("a fox", "a fox", ()),
        ("a  fox ", "a  fox ", ()),
        ("a fox <lora:ink:0.8>", "a fox", (Mix(name="ink", weight=0.8),)),
        ("<lora:ink>", "", (Mix(name="ink"),)),
        ("a <lora:styles/ink:-.5> fox", "a fox", (Mix(name="styles/ink", weight=-0.5),)),
        ("a fox <lora:ink:0.3:0.9>", "a fox", (Mix(name="ink", weight=0.9, text=0.3),)),
        ("<lora:a:1><lora:b c:0>", "", (Mix(name="a"), Mix(name="b c", weight=0))),
        ("a <b>fox</b> <hypernet:x:1>", "a <b>fox</b> <hypernet:x:1>", ()),
    ],
)
def test_loras_are_taken_out_of_a_prompt(prompt: str, left: str, mix: tuple[Mix, ...]) -> None:
    assert take_loras(prompt) == (left, mix)


@pytest.mark.parametrize("tag", ["<lora:ink:much>", "<lora:ink:1:2:3>", "<lora:ink:9>", "<lora:ink:nan>"])
def test_a_weight_that_cannot_be_gets_a_sentence(tag: str) -> None:
    with pytest.raises(SettingsError):
        take_loras(f"a fox {tag}")


@pytest.mark.parametrize("mix", [Mix(name="ink", weight=0.85), Mix(name="ink", weight=1, text=0.25)])
def test_a_tag_says_what_the_mix_is(mix: Mix) -> None:
    assert take_loras(lora_tag(mix.name, mix.weight, mix.text))[1] == (mix,)
