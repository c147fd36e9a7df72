"""Class pictures: what the base model knows of the class, kept so that a training does not overwrite it.

Prior preservation as in Ruiz et al. (arXiv 2208.12242, section 3.3): the base paints the pictures
itself. They depend on the base, the prompt and the size alone, and serve every later training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from studio.data.dataset import Picture, dataset_folder, open_dataset
from studio.data.hashes import picture_hash
from studio.errors import SettingsError
from studio.jobs.context import Context
from studio.train.painting import paint
from studio.train.plan import Plan
from studio.train.settings import TrainSettings
from studio.train.wording import PREPARING, is_style
from studio.workspace import Workspace, writing

if TYPE_CHECKING:
    from studio.families._base import Conditioning, Model

TOGETHER = 4  # pictures painted at once, up to 256 px; large ones one by one, as samples are
PEOPLE_AND_PETS = frozenset(
    {
        *("person", "people", "human", "man", "men", "woman", "women", "lady", "gentleman", "guy", "adult"),
        *("boy", "girl", "child", "kid", "baby", "toddler", "teenager", "face", "portrait"),
        *("actor", "actress", "singer", "dancer", "model"),
        *("pet", "dog", "puppy", "hound", "cat", "kitten", "kitty", "rabbit", "bunny", "hamster"),
        *("horse", "pony", "parrot", "budgie", "guinea-pig"),
    }
)


def keeps_class(settings: TrainSettings) -> bool:
    """Whether class pictures are trained too; "auto" is for people and pets, "named" if there is a class.

    Raises `SettingsError` if they are wanted and nobody said what the subject is.
    """
    if settings.keep_class == "on" and is_style(settings):
        raise SettingsError(
            "Keep the class: what it is was left empty",
            remedy="Fill in “What it is”, such as fox, or switch it off.",
            field="class_word",
        )
    words = set(settings.class_word.casefold().split())
    wanted = {"on": True, "named": bool(words), "auto": bool(words & PEOPLE_AND_PETS), "off": False}
    return wanted[settings.keep_class]


def class_pictures(context: Context, model: Model, settings: TrainSettings, plan: Plan) -> list[Picture]:
    """The person's own class pictures, or as many as wanted by the base; only missing ones are painted."""
    if settings.class_folder:
        own = open_dataset(dataset_folder(context.workspace, settings.class_folder))
        for fault in own.damaged:
            context.artifact("note", text=f"Left out: {fault}")
        return list(own.pictures)
    folder = _folder(context.workspace.cache, model, plan)
    paths = [folder / f"{number:05d}.png" for number in range(settings.class_count)]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    together = TOGETHER if plan.resolution <= 256 else 1
    for start in range(0, len(missing), together):
        context.check()
        context.progress(
            len(paths) - len(missing) + start, len(paths), f"{PREPARING}: painting class pictures"
        )
        _paint(model, plan, {number: paths[number] for number in missing[start : start + together]})
    return [Picture(path, plan.class_prompt, (plan.resolution, plan.resolution)) for path in paths]


def class_fingerprint(settings: TrainSettings, workspace: Workspace) -> str:
    """A short hash of the person's own class pictures; empty where the base paints them."""
    if not (settings.class_folder and keeps_class(settings)):
        return ""
    pictures = open_dataset(dataset_folder(workspace, settings.class_folder)).pictures
    hashes = sorted(picture_hash(each.path) for each in pictures)
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]


def _paint(model: Model, plan: Plan, wanted: dict[int, Path]) -> None:
    """The picture of a number has it as its seed, so that it is the same whenever it is painted."""
    told, negative = _encoded(model, (plan.class_prompt, ""))
    painted = paint(model, told, negative, list(wanted), side=plan.resolution)
    for path, picture in zip(wanted.values(), painted, strict=True):
        with writing(path, "wb") as file:
            picture.save(cast("IO[bytes]", file), "PNG")


def _encoded(model: Model, prompts: Sequence[str]) -> list[Conditioning]:
    import torch

    with torch.no_grad():
        return [model.encode_prompts([prompt]) for prompt in prompts]


def _folder(cache: Path, model: Model, plan: Plan) -> Path:
    key = f"{model.base_hash}\n{plan.class_prompt}\n{plan.resolution}"
    return cache / "class-pictures" / hashlib.sha256(key.encode()).hexdigest()[:32]
