"""`python -m studio.pocket STAGE`: build the miniature, stage by stage."""

from __future__ import annotations

import argparse
from importlib import import_module

STAGES = {
    "fetch": ("icons", "fetch"),
    "render": ("icons", "render"),
    "demo": ("demo", "draw"),
    "stock": ("stock", "draw"),
    "tokens": ("tokens", "build"),
    "vae": ("vae", "train"),
    "clip": ("clip", "train"),
    "assemble": ("unet", "assemble"),
    "latents": ("unet", "latents"),
    "text": ("text", "train"),
    "unet": ("unet", "train"),
    "decoder": ("decoder", "train"),
    "tiny": ("tiny", "train"),
    "caption": ("captioner", "train"),
    "tagger": ("tagger", "publish"),
    "xl": ("siblings.xl", "train"),
    "sd3": ("siblings.sd3", "train"),
    "flux": ("siblings.flux", "train"),
    "siblings": ("siblings.assembling", "all_of_them"),
    "judge": ("judge", "train"),
    "evaluate": ("evaluate", "run"),
    "contact": ("contact", "draw"),
}


def main() -> None:
    """Run one stage; those that train take the minutes they may use."""
    parser = argparse.ArgumentParser(prog="python -m studio.pocket", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--minutes", type=float, help="time for a training stage")
    parser.add_argument("--only", nargs="+", help="measures to take, for `evaluate`")
    given = vars(parser.parse_args())
    module, function = STAGES[given.pop("stage")]
    run = getattr(import_module(f"studio.pocket.{module}"), function)
    run(**{name: value for name, value in given.items() if value is not None})


if __name__ == "__main__":
    main()
