from __future__ import annotations

import pytest

from studio.adapters.blocks import MASKS, block_of, blocks_of, mask
from studio.errors import SettingsError
from tests.adapters.families import TEXT, table


@pytest.mark.parametrize("family", TEXT)
def test_every_ready_mask_chooses_something_but_not_everything(family: str) -> None:
    layers = table(family).layers
    for name in MASKS:
        weights = mask(name, layers)
        assert weights.keys() == set(blocks_of(layers))
        assert any(weights.values())
    both = [mask(name, layers) for name in ("composition", "detail")]
    for block in blocks_of(layers):
        assert block == "text" or both[0][block] + both[1][block] == 1


def test_content_and_style_of_sdxl_are_the_first_two_attentions_going_up() -> None:
    layers = table("sdxl").layers
    assert {b for b, weight in mask("content", layers).items() if weight} == {"up 0.0", "text"}
    assert {b for b, weight in mask("style", layers).items() if weight} == {"up 0.1", "text"}


def test_blocks_go_from_the_input_to_the_output() -> None:
    blocks = blocks_of(table("sd1").layers)
    assert blocks[0] == "down 0.0" and blocks[-2:] == ("outer", "text")
    assert blocks.index("down 2.1") < blocks.index("mid") < blocks.index("up 0.0")
    flux = blocks_of(table("flux").layers)
    assert flux == ("double 0", "double 1", "single 0", "single 1", "outer", "text")


def test_a_list_gives_each_block_its_weight() -> None:
    layers = table("sd1").layers
    weights = mask("Up 1=0.5, mid, down 0.1 = 2", layers)
    assert {b: w for b, w in weights.items() if w} == {
        **{block: 0.5 for block in blocks_of(layers) if block.startswith("up 1.")},
        "mid": 1,
        "down 0.1": 2,
    }
    assert all(weights.get(block_of(layer)) is not None for layer in layers)


@pytest.mark.parametrize("text", ["up 9=1", "mid=much", "composition, detail", "=1", "mid=1;up"])
def test_what_is_no_block_gets_a_sentence(text: str) -> None:
    with pytest.raises(SettingsError, match="Blocks: “"):
        mask(text, table("sd1").layers)
