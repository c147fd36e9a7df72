"""Weights, chunks and schedules of prompts, held against references that are written here by hand."""

from __future__ import annotations

import pytest
import torch

from studio.families._base import Model
from studio.generate.opened import Opened
from studio.generate.prompts.attention import Piece, plain, read_weights
from studio.generate.prompts.chunks import Chunk, chunks
from studio.generate.prompts.encoding import encode
from studio.generate.prompts.scheduling import read_schedule

UP, DOWN = 1.1, 1 / 1.1


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("a fox", [("a fox", 1)]),
        ("(a) fox", [("a", UP), (" fox", 1)]),
        ("((a)) fox", [("a", UP**2), (" fox", 1)]),
        ("[a] fox", [("a", DOWN), (" fox", 1)]),
        ("(a:1.3), b", [("a", 1.3), (", b", 1)]),
        ("(a (b:2) c:0.5)", [("a ", 0.5), ("b", 1.0), (" c", 0.5)]),
        ("((a:1.5) b)", [("a", 1.5 * UP), (" b", UP)]),
        (r"a \(b\) \[c\]", [("a (b) [c]", 1)]),
        ("(a", [("a", UP)]),
        ("a) b]", [("a) b]", 1)]),
        ("a: b", [("a: b", 1)]),
        ("(a:b)", [("a:b", UP)]),
        ("a (b:1.2", [("a ", 1), ("b:1.2", UP)]),
        ("(a:-0.5)", [("a", -0.5)]),
        ("", [("", 1)]),
    ],
)
def test_brackets_weigh_as_in_a1111(prompt: str, pieces: list[tuple[str, float]]) -> None:
    found = read_weights(prompt)
    assert [piece.text for piece in found] == [text for text, _ in pieces]
    assert [piece.weight for piece in found] == pytest.approx([weight for _, weight in pieces])


def test_break_parts_and_plain_words_have_no_marks() -> None:
    assert read_weights("a BREAK (b)") == [Piece("a"), Piece("", pause=True), Piece("b", UP)]
    assert plain("a (fox:1.3) BREAK [b]") == "a fox b"
    assert plain("a BREAKfast") == "a BREAKfast"


@pytest.mark.parametrize(
    ("prompt", "steps", "until"),
    [
        ("a fox", 10, [(10, "a fox")]),
        ("[a:b:0.5] c", 10, [(5, "a c"), (10, "b c")]),
        ("[a:b:3]", 10, [(3, "a"), (10, "b")]),
        ("[b:0.25]", 8, [(2, ""), (8, "b")]),
        ("[a::0.25]", 8, [(2, "a"), (8, "")]),
        ("[a|b]", 4, [(1, "a"), (2, "b"), (3, "a"), (4, "b")]),
        ("[a|b|c] d", 3, [(1, "a d"), (2, "b d"), (3, "c d")]),
        ("[a:[b:c:0.8]:0.5]", 10, [(5, "a"), (8, "b"), (10, "c")]),
        ("[(a:1.2):b:0.5]", 4, [(2, "(a:1.2)"), (4, "b")]),
        ("[a] and [b:0.5]", 2, [(1, "[a] and "), (2, "[a] and b")]),
        (r"\[a|b\] c", 3, [(3, r"\[a|b\] c")]),
        ("[a:b:99]", 4, [(4, "a")]),
        ("[a:b", 4, [(4, "[a:b")]),
        ("[a:b:c]", 4, [(4, "[a:b:c]")]),
        ("([a:b:0.5]:1.2)", 2, [(1, "(a:1.2)"), (2, "(b:1.2)")]),
    ],
)
def test_prompts_change_at_the_steps_that_a1111_changes_them(
    prompt: str, steps: int, until: list[tuple[int, str]]
) -> None:
    assert [(part.step, part.text) for part in read_schedule(prompt, steps)] == until


def letters(word: str) -> int:
    return len(word)


@pytest.mark.parametrize(
    ("prompt", "texts"),
    [
        ("aa bb", ["aa bb"]),
        ("aaaa bbbb cccc", ["aaaa bbbb", "cccc"]),
        ("aaa, bb cccc dd", ["aaa,", "bb cccc dd"]),
        ("aa BREAK bb", ["aa", "bb"]),
        ("BREAK", ["", ""]),
        ("abcdefghijklmnop", ["abcdefgh", "ijklmnop"]),
    ],
)
def test_long_prompts_are_cut_at_commas_or_words(prompt: str, texts: list[str]) -> None:
    found = chunks(read_weights(prompt), 8, letters)
    assert [part.text for part in found] == texts
    assert all(len(part.weights) <= 8 for part in found)


def test_every_token_has_the_weight_of_its_word() -> None:
    assert chunks(read_weights("ab (cd:2)"), 8, letters) == [Chunk(["ab", "cd"], [1, 1, 2, 2])]


@pytest.fixture
def opened(model: Model) -> Opened:
    return Opened("tiny", "tiny", model)


def reference(opened: Opened, ids: list[int], weights: list[float]) -> torch.Tensor:
    """One chunk as A1111 makes it: begin, tokens, ends; rows times weights; the mean as it was."""
    tokenizer, size = opened.pipeline.tokenizer, opened.model.chunk
    ends = [tokenizer.eos_token_id] * (size - len(ids) + 1)
    row = torch.tensor([[tokenizer.bos_token_id, *ids, *ends]])
    embeds = opened.model.text_encoders["text_encoder"](row)[0]
    rows = torch.tensor([1.0, *weights, *[1.0] * len(ends)])
    weighed = embeds * rows[None, :, None]
    return weighed * (embeds.mean() / weighed.mean())


def ids(opened: Opened, text: str) -> list[int]:
    return list(opened.pipeline.tokenizer(text, add_special_tokens=False).input_ids)


def test_embeddings_agree_with_the_reference(opened: Opened) -> None:
    told = encode(opened, ["a (red:1.5) fox BREAK [hen]"], steps=1)[0].at(1)["prompt_embeds"]
    first = reference(opened, ids(opened, "a red fox"), [1.0, 1.5, 1.5, 1.5, 1.0, 1.0, 1.0])
    second = reference(opened, ids(opened, "hen"), [DOWN] * 3)
    torch.testing.assert_close(told, torch.cat([first, second], dim=1))


def test_a_prompt_without_marks_is_what_the_bare_pipeline_hears(opened: Opened) -> None:
    told = encode(opened, ["a red fox, by night"], steps=1)[0].at(1)["prompt_embeds"]
    assert torch.equal(told, opened.model.encode_prompts(["a red fox, by night"])["prompt_embeds"])


def test_a_long_prompt_is_heard_to_its_end_and_the_negative_is_as_long(opened: Opened) -> None:
    words = "a red fox and a blue hen and one green owl by night"
    positive, negative = (told.at(1)["prompt_embeds"] for told in encode(opened, [words, "dark"], steps=1))
    other = encode(opened, [words.replace("night", "light")], steps=1)[0].at(1)["prompt_embeds"]
    assert positive.shape == negative.shape and positive.shape[1] > opened.model.chunk + 2
    assert not torch.equal(positive, other)
    empty = opened.model.encode_prompts([""])["prompt_embeds"]
    assert torch.equal(negative[:, -empty.shape[1] :], empty)


def test_clip_skip_is_the_layer_before_under_the_last_norm(opened: Opened) -> None:
    skipped = encode(opened, ["a fox"], steps=1, clip_skip=2)[0].at(1)["prompt_embeds"]
    encoder = opened.model.text_encoders["text_encoder"]
    words = opened.pipeline.tokenizer("a fox", padding="max_length", return_tensors="pt").input_ids
    layers = encoder(words, output_hidden_states=True).hidden_states
    norm = getattr(encoder, "text_model", encoder).final_layer_norm
    torch.testing.assert_close(skipped, norm(layers[-2]))
    plain_layer = encode(opened, ["a fox"], steps=1)[0].at(1)["prompt_embeds"]
    assert not torch.equal(skipped, plain_layer)


def test_what_is_told_changes_at_its_step_and_words_are_encoded_once(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    of_model = opened.model.encode_prompts
    monkeypatch.setattr(
        opened.model, "encode_prompts", lambda texts, **more: encoded.extend(texts) or of_model(texts)
    )
    told = encode(opened, ["[fox|hen]"], steps=4)[0]
    assert sorted(encoded) == ["fox", "hen"]
    assert told.at(1) is told.at(3) and told.at(2) is not told.at(1)
