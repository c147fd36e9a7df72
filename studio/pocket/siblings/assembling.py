"""Whole folders of the siblings: what is their own, and what they borrow from the miniature."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from studio.pocket.icons import BUILD
from studio.pocket.stage import ASSETS

NAMES, BORROWED = ("xl", "sd3", "flux"), "borrowed.json"


def write_index(
    folder: Path, pipeline: str, parts: dict[str, str], borrowed: dict[str, str], **options: object
) -> None:
    """Write `model_index.json`, and which parts lie elsewhere, by their path from this folder.

    `parts` maps a part to "library.Class", or to "" where the pipeline goes without it.
    """
    index: dict[str, object] = {"_class_name": pipeline, **options}
    for name, kind in parts.items():
        index[name] = kind.split(".") if kind else [None, None]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    (folder / BORROWED).write_text(json.dumps(borrowed, indent=2) + "\n")


def assemble(name: str, target: Path, assets: Path = ASSETS) -> Path:
    """Copy a sibling with all that it borrows to `target`, where `from_pretrained` opens it."""
    source = assets / name
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(BORROWED))
    for part, place in json.loads((source / BORROWED).read_text()).items():
        shutil.copytree(source / place, target / part, dirs_exist_ok=True)
        config = target / part / "config.json"
        told = json.loads(config.read_text()) if part.startswith("text_encoder") else {}
        if "text_config" in told:
            _keep_text(target / part, told["text_config"])
    return target


def _keep_text(folder: Path, config: dict[str, object]) -> None:
    """Make of a whole CLIP the text encoder with its projection, and drop the files of its processor."""
    from safetensors.torch import load_file, save_file

    named = config | {"architectures": ["CLIPTextModelWithProjection"]}
    (folder / "config.json").write_text(json.dumps(named, indent=2) + "\n")
    weights = folder / "model.safetensors"
    spoken = {key: value for key, value in load_file(weights).items() if key.startswith("text_")}
    save_file(spoken, weights, metadata={"format": "pt"})
    for path in folder.iterdir():
        if path.name not in ("config.json", weights.name):
            path.unlink()


def all_of_them() -> None:
    """Assemble every sibling that is there in `build/pocket/siblings`."""
    for name in NAMES:
        if (ASSETS / name / BORROWED).exists():
            print(assemble(name, BUILD / "siblings" / name))
