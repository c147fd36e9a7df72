from __future__ import annotations

import pytest

from studio.generate.parameters import Parameters, read_parameters

WEBUI = """a red fox, (fur:1.2)
in the snow <lora:ink:0.8>
Negative prompt: blurred,
bad hands
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 965400086, Size: 1024x768, \
Model hash: 31e35c80fc, Model: sd_xl_base_1.0, Clip skip: 2, \
Lora hashes: "ink: 0123456789ab, fox: ba9876543210", Version: v1.10.1"""


def test_the_text_of_a1111_is_taken_apart() -> None:
    read = read_parameters(WEBUI)
    assert read is not None
    assert read.prompt == "a red fox, (fur:1.2)\nin the snow <lora:ink:0.8>"
    assert read.negative == "blurred,\nbad hands"
    assert read.fields["Schedule type"] == "Karras"
    assert read.fields["Lora hashes"] == "ink: 0123456789ab, fox: ba9876543210"
    assert read.fields["Version"] == "v1.10.1"


@pytest.mark.parametrize(
    "parameters",
    [
        Parameters("a fox", "", {"Steps": "4", "Seed": "1", "Size": "64x64"}),
        Parameters("a fox\n\nat night", 'no, never: "ever"', {"Steps": "4", "Seed": "1", "Size": "64x64"}),
        Parameters("", "", {"Steps": "4", "Seed": "1", "Model": 'my "best", model: v\\2\nfinal'}),
        Parameters("<b>ein Füchschen</b> 狐", "", {"Steps": "4", "Seed": "1", "Model": "狐, Fuchs"}),
    ],
)
def test_what_is_written_is_read_back(parameters: Parameters) -> None:
    assert read_parameters(parameters.to_text()) == parameters


def test_a_value_is_quoted_only_where_it_must_be() -> None:
    text = Parameters(
        "x", "", {"Model": "plain name", "Other": "a, b", "Time": "12:30", "Empty": ""}
    ).to_text()
    assert text == 'x\nModel: plain name, Other: "a, b", Time: "12:30"'


@pytest.mark.parametrize(
    "text", ["", "a fox", "a fox\nSteps: 4, Seed: 1", "Steps 4 Seed 1 Size 9", "," * 9999]
)
def test_a_text_without_three_fields_is_no_parameters(text: str) -> None:
    assert read_parameters(text) is None


def test_a_text_made_to_be_slow_is_not() -> None:
    assert read_parameters("a" * 1_000_000) is None
