"""Wording: captions with their trigger word, and the prompts of a training."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from studio.data.tags import split_tags
from studio.train.settings import TrainSettings

if TYPE_CHECKING:
    from studio.families._base import Defaults

STYLE = "style"
PREPARING = "Before the first step"  # how the progress begins that is not yet one of steps
ORDERS = 8  # of a caption's tags: enough to teach that it does not matter, few enough to keep encoded


def caption(settings: TrainSettings, defaults: Defaults, written: str) -> str:
    """What a picture is trained with: the trigger word and what it is, or its caption behind the trigger."""
    if settings.captions == "trigger" or not written:
        return instance_prompt(settings, defaults)
    if settings.trigger and not says(written, settings.trigger):
        return f"{settings.trigger}, {written}"
    return written


def instance_prompt(settings: TrainSettings, defaults: Defaults) -> str:
    """DreamBooth's prompt (Ruiz et al., arXiv 2208.12242): the trigger word before what it is."""
    if is_style(settings):
        return defaults.style_prompt.format(subject=_without_last(settings.trigger, STYLE))
    return defaults.subject_prompt.format(subject=subject(settings))


def class_prompt(settings: TrainSettings, defaults: Defaults) -> str:
    """The prompt of the class: what it is, without the trigger word."""
    return defaults.subject_prompt.format(subject=settings.class_word)


def subject(settings: TrainSettings) -> str:
    """Trigger word and class; a trigger that ends with the class is not followed by it again."""
    bare = _without_last(settings.trigger, settings.class_word)
    return f"{bare} {settings.class_word}".strip()


def is_style(settings: TrainSettings) -> bool:
    """Whether a style is learned: what it is was left empty, or says so."""
    return settings.class_word.strip().casefold() in ("", STYLE)


def sample_prompts(settings: TrainSettings, defaults: Defaults) -> tuple[str, ...]:
    """The person's own, or the trained prompt; and among them one without the trigger word."""
    own = tuple(line.strip() for line in settings.sample_prompts.splitlines() if line.strip())
    prompts = own or (instance_prompt(settings, defaults),)
    if all(settings.trigger and says(prompt, settings.trigger) for prompt in prompts):
        return *prompts, untriggered(settings, defaults, prompts[0])
    return prompts


def untriggered(settings: TrainSettings, defaults: Defaults, prompt: str) -> str:
    """A prompt for the same thing as the base knows it, without the trigger word."""
    if prompt == instance_prompt(settings, defaults):
        plain = "a house" if is_style(settings) else settings.class_word
        return defaults.subject_prompt.format(subject=plain)
    left = re.sub(_word(settings.trigger), "", prompt, flags=re.IGNORECASE)
    return re.sub(r"\s+", " ", left).strip(" ,") or "a house"


def says(text: str, word: str) -> bool:
    """Whether a text has this word, or these words, in it as such and not as a part of others."""
    return re.search(_word(word), text, re.IGNORECASE) is not None


def orders(text: str, keep: int, seed: str) -> tuple[str, ...]:
    """The caption, and others with its tags behind the first `keep` in another order."""
    tags = split_tags(text)
    chance = random.Random(f"{seed}/tags")
    found = {text: None}
    for _ in range(4 * ORDERS):
        rest = tags[keep:]
        chance.shuffle(rest)
        found[", ".join([*tags[:keep], *rest])] = None
        if len(found) == ORDERS:
            break
    return tuple(found)


def _word(word: str) -> str:
    return rf"(?<!\w){re.escape(word.strip())}(?!\w)"


def _without_last(text: str, word: str) -> str:
    """A trigger word such as “zwx style” without its “style”, which the prompt says itself."""
    if word and text.casefold().endswith(f" {word.casefold()}"):
        return text[: -len(word)].rstrip()
    return "" if word and text.casefold() == word.casefold() else text
