"""Lots, styles and the length of prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import SettingsError
from studio.generate.prompts.checking import check_words
from studio.generate.prompts.counting import counts
from studio.generate.prompts.styles import Style, find_styles, in_styles, save_style, styles
from studio.generate.prompts.wildcards import expand, wildcards
from studio.generate.settings import GenerateSettings
from studio.workspace import Workspace


@pytest.fixture
def colours(workspace: Workspace) -> Workspace:
    folder = workspace.root / "wildcards" / "paint"
    folder.mkdir(parents=True)
    (folder / "colour.txt").write_text("red\n# not this\n\nblue\n", encoding="utf-8")
    (workspace.root / "wildcards" / "animal.txt").write_text("fox\n{hen|owl}\n", encoding="utf-8")
    return workspace


def drawn(workspace: Workspace, prompt: str) -> set[str]:
    return {expand(workspace, prompt, seed) for seed in range(16)}


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("a fox", {"a fox"}),
        ("a {red|blue} fox", {"a red fox", "a blue fox"}),
        ("{2$$ and $$a|b}", {"a and b", "b and a"}),
        ("{a|{b|c} d}", {"a", "b d", "c d"}),
        ("a __paint/colour__ fox", {"a red fox", "a blue fox"}),
        ("__animal__", {"fox", "hen", "owl"}),
        ("{__paint/colour__|green}", {"red", "blue", "green"}),
        ("100% $5 [a|b] (c:1.2) {x} a_b__c", {"100% $5 [a|b] (c:1.2) x a_b__c"}),
        ("<lora:ink:0.8> {red|red}", {"<lora:ink:0.8> red"}),
    ],
)
def test_lots_are_drawn(colours: Workspace, prompt: str, found: set[str]) -> None:
    assert drawn(colours, prompt) == found


def test_a_seed_draws_the_same_lot_again(colours: Workspace) -> None:
    prompt = "{a|b|c|d} {a|b|c|d} __animal__"
    assert expand(colours, prompt, 7) == expand(colours, prompt, 7)
    assert len(drawn(colours, prompt)) > 10


def test_wildcards_are_listed_by_name(colours: Workspace) -> None:
    assert wildcards(colours) == ["animal", "paint/colour"]


@pytest.mark.parametrize("prompt", ["{a|b", "__ghost__", "{a|__ghost__}", "__../outside__"])
def test_what_cannot_be_drawn_gets_a_sentence(colours: Workspace, prompt: str) -> None:
    if ".." in prompt:
        assert expand(colours, prompt, 1) == prompt
        return
    with pytest.raises(SettingsError, match="Prompt: "):
        expand(colours, prompt, 1)


def test_all_that_is_wrong_with_a_prompt_is_told_at_once(colours: Workspace) -> None:
    wrong = "a {teal|red fox <lora:foxy:0.8> <lora:ink:much> __color__ __animal__"
    with pytest.raises(SettingsError) as told:
        check_words(GenerateSettings(prompt=wrong), colours)
    for part in (
        "a brace { is not closed",
        "no LoRA called “foxy”",
        "“<lora:ink:much>”",
        "no wildcard “color”",
    ):
        assert part.casefold() in str(told.value).casefold()
    assert "animal”" not in str(told.value) and told.value.field == "prompt"
    check_words(GenerateSettings(prompt="a {red|blue} __animal__ (in \\{ braces)"), colours)


def test_styles_go_around_a_prompt(workspace: Workspace) -> None:
    save_style(workspace, Style("water", "Watercolour", "a watercolour of {prompt}, loose", "photo"))
    save_style(workspace, Style("dark", "Dark", "by night"))
    assert [style.title for style in styles(workspace)] == ["Dark", "Watercolour"]
    found = find_styles(workspace, "water, Dark")
    assert in_styles(found, "a fox", "blurred") == (
        "a watercolour of a fox, loose, by night",
        "blurred, photo",
    )


def test_a_style_saved_again_leaves_the_one_before_in_the_bin(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    binned: list[Path] = []
    monkeypatch.setattr("studio.generate.prompts.styles.send2trash", binned.append)
    style = Style("", 'My "own" / style', "words\n\\ {prompt}")
    path = save_style(workspace, style)
    assert save_style(workspace, style) == path and binned == [path]
    assert find_styles(workspace, path.stem)[0].prompt == style.prompt


@pytest.mark.parametrize("name", ["ghost", "../secret", "a/b"])
def test_a_style_that_is_not_there_gets_a_sentence(workspace: Workspace, name: str) -> None:
    (workspace.root / "secret.toml").write_text('prompt = "x"')
    with pytest.raises(SettingsError, match="no style"):
        find_styles(workspace, name)


@pytest.mark.parametrize(
    ("prompt", "tokens", "chunks"),
    [
        ("ab", 2, 1),
        ("(ab:1.3) <lora:ink:1>", 2, 1),
        ("[abc:d:0.5]", 3, 1),
        ("ab BREAK cd", 4, 2),
        ("abcdefghij " * 5, 50, 3),
    ],
)
def test_a_prompt_is_counted_as_the_encoder_reads_it(
    workspace: Workspace, tiny: Path, prompt: str, tokens: int, chunks: int
) -> None:
    (count,) = counts(str(tiny), workspace, prompt)
    assert (count.encoder, count.tokens, count.limit, count.chunks) == ("text_encoder", tokens, 22, chunks)
