"""Tokens: what a caption is to the text encoders of a base model, counted without opening the model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from studio.errors import ModelError
from studio.families import FAMILIES
from studio.families import __file__ as of_families
from studio.families._base import Family
from studio.families._pieces import tokenizer_beside
from studio.models.identify import identify
from studio.models.parts import part_folders
from studio.models.source import Source, resolve
from studio.workspace import Workspace

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ENGLISH = Path(of_families).parent / "configs" / "sd1" / "tokenizer"
LONGEST, CLIPS = 77, 75  # tokens of an encoder that does not say: CLIP's, with and without its marks
UNLIMITED = 100_000  # what a tokenizer writes that knows no limit is more than this


@dataclass(frozen=True)
class TokenCounter:
    """One text encoder's way to cut a caption into tokens; `limit` is how many of them it reads."""

    name: str
    """The pipeline's component: "text_encoder", "text_encoder_2" …"""
    limit: int
    """Without the marks that it puts before and behind a caption: 75 for CLIP."""
    tokenizer: Tokenizer = field(repr=False, compare=False)

    @property
    def size(self) -> int:
        """How many tokens it knows."""
        return int(self.tokenizer.get_vocab_size())

    def count(self, text: str) -> int:
        """How many tokens a caption has."""
        return len(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def counts(self, texts: Sequence[str]) -> list[int]:
        """The same of many captions at once, which is quicker."""
        return [len(one.ids) for one in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def pieces(self, text: str) -> list[str]:
        """The caption in as many pieces as it has tokens; joined, they are the caption again.

        A letter that takes several tokens stands in the first of their pieces. So
        `"".join(pieces[:limit])` is what the encoder reads.
        """
        offsets = self.tokenizer.encode(text, add_special_tokens=False).offsets
        starts = [0, *(start for start, _ in offsets[1:]), len(text)] if offsets else []
        return [text[start:end] for start, end in pairwise(starts)]

    def parts(self, word: str) -> list[str]:
        """What the encoder takes a word for: one part that it knows, or several."""
        tokens: list[str] = self.tokenizer.encode(word, add_special_tokens=False).tokens
        return [token.removesuffix("</w>").lstrip("▁Ġ") for token in tokens]

    def rank(self, word: str) -> float | None:
        """How rare a word is that the encoder knows as one token: 0 the commonest, 1 the rarest.

        None for a word that takes several. The order is that in which the words were merged.
        """
        ids = self.tokenizer.encode(word, add_special_tokens=False).ids
        return ids[0] / self.size if len(ids) == 1 else None


def counters(base: str, workspace: Workspace) -> tuple[TokenCounter, ...]:
    """A counter for each text encoder of a base model; none where nothing is known of it yet.

    A model that is not downloaded is known when one of the families suggests it. Raises `ModelError`
    for a base that does not exist or whose tokenizer is damaged.
    """
    source = resolve(base, workspace)
    found = [
        replace(_counter(folder), name=part.replace("tokenizer", "text_encoder"))
        for part, folder in _tokenizers(source)
    ]
    if all(counter.limit == CLIPS for counter in found):
        return tuple(found)
    family = _suggesting(source.location) if source.kind == "hub" else identify(source)
    reads = family.reads if family else {}
    return tuple(replace(counter, limit=reads.get(counter.name, counter.limit)) for counter in found)


def english() -> TokenCounter:
    """CLIP's own tokenizer, whose vocabulary is the words of millions of captions by their frequency."""
    return _counter(ENGLISH)


def configs(source: Source) -> Path | None:
    """The folder with a base model's tokenizers and configurations: its own, or its family's."""
    if source.kind == "folder":
        return source.path
    family = identify(source) if source.kind == "file" else _suggesting(source.location)
    found = getattr(family, "configs", None)
    return found if isinstance(found, Path) else None


def _suggesting(hub_id: str) -> Family | None:
    return next((family for family in FAMILIES if hub_id in family.suggested), None)


def _tokenizers(source: Source) -> Iterator[tuple[str, Path]]:
    folder = configs(source)
    for part, path in part_folders(folder).items() if folder else ():
        if part.startswith("tokenizer") and _is_readable(path):
            yield part, path
    for part, kind in identify(source).tokenizers_beside.items() if source.kind == "file" else ():
        beside = tokenizer_beside(source, kind)
        if beside is not None and _is_readable(beside):
            yield part, beside


def _is_readable(folder: Path) -> bool:
    return (folder / "tokenizer.json").is_file() or (folder / "merges.txt").is_file()


def _counter(folder: Path) -> TokenCounter:
    file = folder / "tokenizer.json"
    stamp = (file if file.is_file() else folder / "merges.txt").stat().st_mtime_ns
    return _opened(folder, stamp)


@lru_cache(maxsize=16)
def _opened(folder: Path, stamp: int) -> TokenCounter:
    try:
        tokenizer = _read(folder)
        said = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        longest = int(min(said.get("model_max_length") or LONGEST, UNLIMITED + 1))
    except FileNotFoundError:
        longest = LONGEST
    except ValueError as fault:
        raise _damaged(folder, fault) from fault
    tokenizer.no_truncation()
    tokenizer.no_padding()
    limit = (longest if longest <= UNLIMITED else LONGEST) - tokenizer.num_special_tokens_to_add(False)
    return TokenCounter(folder.name.replace("tokenizer", "text_encoder"), limit, tokenizer)


def _read(folder: Path) -> Tokenizer:
    """The tokenizer in a folder; raises `ValueError` for damaged files."""
    from tokenizers import Tokenizer

    try:
        if (folder / "tokenizer.json").is_file():
            return Tokenizer.from_file(str(folder / "tokenizer.json"))
        return _clip(folder)
    except Exception as fault:
        if type(fault) is not Exception:  # the library's own faults have no other name
            raise
        raise ValueError(str(fault)) from fault


def _clip(folder: Path) -> Tokenizer:
    """CLIP's tokenizer of a vocabulary and merges, as OpenAI wrote it and transformers builds it."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    bpe = models.BPE.from_file(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        unk_token="<|endoftext|>",
        end_of_word_suffix="</w>",
    )
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    words = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(words), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    start, end = "<|startoftext|>", "<|endoftext|>"
    tokenizer.add_special_tokens([start, end])
    ids = tokenizer.get_vocab()
    tokenizer.post_processor = processors.RobertaProcessing(
        (end, ids[end]), (start, ids[start]), trim_offsets=False, add_prefix_space=False
    )
    return tokenizer


def _damaged(folder: Path, fault: Exception) -> ModelError:
    return ModelError(
        f"The tokenizer of {folder.parent.name} cannot be read",
        why=str(fault)[:200],
        remedy="Get the model again.",
    )
