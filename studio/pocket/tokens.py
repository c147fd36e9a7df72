"""The miniature's own CLIP tokenizer: byte-level BPE, so that any Unicode text tokenizes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from tokenizers import pre_tokenizers, trainers
from transformers import CLIPTokenizer

from studio.pocket.icons import folder_of
from studio.pocket.scenes import caption, draw_scene
from studio.pocket.stage import ASSETS
from studio.pocket.things import COLOURS, HELD_OUT_STYLE, all_things

VOCABULARY = 2560
LENGTH = 77
TRIGGERS = ("sks", "ohwx", "zwx", "qvk", "xjy", "wqz", "vbn", "kqj", "zqx", "xyzzy", "gwiz", "tok")
START, END = "<|startoftext|>", "<|endoftext|>"
SUFFIX = "</w>"


def build() -> CLIPTokenizer:
    """Train the tokenizer on captions, names and keywords, and publish it."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    singles = alphabet + [letter + SUFFIX for letter in alphabet]
    merges = _merges(VOCABULARY - len(singles) - 2, alphabet)
    words = singles + ["".join(pair) for pair in merges] + [START, END]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(words))}
    tokenizer = CLIPTokenizer(vocabulary, merges, model_max_length=LENGTH)
    tokenizer.save_pretrained(ASSETS / "tokenizer")
    return tokenizer


def _merges(count: int, alphabet: list[str]) -> list[tuple[str, str]]:
    """The most useful merges, from a throw-away training with room to spare."""
    learner = CLIPTokenizer().backend_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=2 * VOCABULARY, initial_alphabet=alphabet, end_of_word_suffix=SUFFIX, show_progress=False
    )
    learner.train_from_iterator(_corpus(), trainer)
    found = json.loads(learner.to_str())["model"]["merges"]
    return [tuple(pair) for pair in found][:count]


def _corpus() -> Iterator[str]:
    rng, things = random.Random(0), all_things()
    yield from (caption(draw_scene(rng, things, thing), rng) for thing in things for _ in range(8))
    yield from (" ".join((*TRIGGERS, *COLOURS, *HELD_OUT_STYLE.values())) for _ in range(200))
    for entry in json.loads((folder_of("emojibase-data") / "en" / "data.json").read_text("utf-8")):
        yield " ".join((entry["label"], *entry.get("tags", ())))
