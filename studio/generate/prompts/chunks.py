"""A prompt cut into chunks that the text encoder can read, with a weight for each token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from studio.generate.prompts.attention import Piece

BACK = 20  # tokens that a full chunk may give up, so that it ends at a comma: A1111's default


@dataclass
class Chunk:
    """Words that are read together; `weights` has one for each of their tokens."""

    words: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    @property
    def text(self) -> str:
        """As it is given to the encoder."""
        return " ".join(self.words)


@dataclass(frozen=True)
class _Word:
    text: str
    weight: float
    tokens: int


def chunks(pieces: Sequence[Piece], size: int, count: Callable[[str], int]) -> list[Chunk]:
    """The chunks of a prompt, of at most `size` tokens each; `count` says how many a word has.

    A full chunk ends at its last comma if that is near; a pause ends one early. Words are not cut, but
    those that are longer than a chunk.
    """
    found: list[list[_Word]] = [[]]
    for piece in pieces:
        if piece.pause:
            found.append([])
            continue
        for word in _words(piece, size, count):
            found[-1].append(word)
            if sum(each.tokens for each in found[-1]) > size:
                found.append(_overflow(found[-1]))
    return [_chunk(words) for words in found]


def _overflow(words: list[_Word]) -> list[_Word]:
    """Take from a chunk that is too long by its last word what goes into the next one."""
    over = words[-1].tokens
    for place in range(len(words) - 2, -1, -1):
        if words[place].text.endswith(","):
            tail = words[place + 1 :]
            del words[place + 1 :]
            return tail
        over += words[place].tokens
        if over - words[-1].tokens > BACK:
            break
    return [words.pop()]


def _words(piece: Piece, size: int, count: Callable[[str], int]) -> Iterator[_Word]:
    for text in piece.text.split():
        for part in _short(text, size, count):
            yield _Word(part, piece.weight, count(part))


def _short(text: str, size: int, count: Callable[[str], int]) -> list[str]:
    if count(text) <= size or len(text) < 2:
        return [text]
    half = len(text) // 2
    return [*_short(text[:half], size, count), *_short(text[half:], size, count)]


def _chunk(words: Sequence[_Word]) -> Chunk:
    weights = [word.weight for word in words for _ in range(word.tokens)]
    return Chunk([word.text for word in words], weights)
