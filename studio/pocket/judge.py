"""The judge: a small classifier of things, styles and backgrounds that shares nothing with the miniature.

It sees rendered pictures of every thing but the ten kept for the last measurement.
"""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from studio.pocket import muon
from studio.pocket.icons import BUILD
from studio.pocket.scenes import Scene, draw_scene, picture
from studio.pocket.stage import Stage, set_learning_rate
from studio.pocket.things import COLOURS, STYLES, all_things, held_out

BATCH, PIXELS, PEAK = 64, 64, 2e-3
KNOWN = tuple(thing for thing in all_things() if thing not in held_out("last"))
STYLE_NAMES, COLOUR_NAMES = tuple(STYLES.values()), tuple(COLOURS)


class Judge(nn.Module):
    """Four strided convolutions, pooled, and one linear head for each question."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 128, 256)
        self.layers = nn.Sequential(*(_layer(*pair) for pair in pairwise(widths)))
        self.thing = nn.Linear(2 * widths[-1], len(KNOWN))
        self.style = nn.Linear(2 * widths[-1], len(STYLE_NAMES))
        self.colour = nn.Linear(2 * widths[-1], len(COLOUR_NAMES))

    def features(self, pictures: Tensor) -> Tensor:
        """Pictures of 64 pixels, from -1 to 1, as (pictures, 512) features."""
        seen = self.layers(pictures)
        return torch.cat((seen.mean((2, 3)), seen.amax((2, 3))), 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The logits of things, styles and background colours."""
        found = self.features(pictures)
        return self.thing(found), self.style(found), self.colour(found)


def _layer(before: int, after: int) -> nn.Module:
    wide = nn.Conv2d(before, after, 3, stride=2, padding=1)
    deep = nn.Conv2d(after, after, 3, padding=1)
    return nn.Sequential(wide, nn.GroupNorm(8, after), nn.SiLU(), deep, nn.GroupNorm(8, after), nn.SiLU())


def look(pictures: list[Image.Image]) -> Tensor:
    """Pictures as the judge sees them: (pictures, 3, 64, 64) from -1 to 1."""
    small = [
        np.asarray(each.convert("RGB").resize((PIXELS, PIXELS), Image.Resampling.BOX)) for each in pictures
    ]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float() / 127.5 - 1


def targets(scenes: list[Scene]) -> tuple[Tensor, Tensor, Tensor]:
    """Shares of each thing (halves where there are two), and the numbers of style and colour."""
    shares = torch.zeros(len(scenes), len(KNOWN))
    for row, scene in enumerate(scenes):
        for thing in scene.things:
            shares[row, KNOWN.index(thing)] = 1 / len(scene.things)
    styles = torch.tensor([STYLE_NAMES.index(scene.style) for scene in scenes])
    return shares, styles, torch.tensor([COLOUR_NAMES.index(scene.background) for scene in scenes])


def train(minutes: float) -> None:
    """Train on fresh scenes, a little blurred and noised, as painted pictures are."""
    torch.set_num_threads(2)
    torch.manual_seed(0)
    judge = Judge()
    optimizer = muon.optimizer(judge, PEAK)
    stage = Stage("judge", minutes, {"judge": judge, "optimizer": optimizer})
    rng = random.Random(1000 + stage.step)
    for _ in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK))
        scenes = [draw_scene(rng, KNOWN) for _ in range(BATCH)]
        seen = look([picture(scene, PIXELS) for scene in scenes])
        things, styles, colours = judge(_worn(seen))
        shares, style, colour = targets(scenes)
        loss = functional.cross_entropy(things, shares)
        loss = loss + functional.cross_entropy(styles, style) + functional.cross_entropy(colours, colour)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        stage.note(loss.item())


def _worn(pictures: Tensor) -> Tensor:
    soft = functional.avg_pool2d(functional.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    share = torch.rand(len(pictures), 1, 1, 1)
    return pictures.lerp(soft, share) + 0.08 * torch.rand(len(pictures), 1, 1, 1) * torch.randn_like(pictures)


def load() -> Judge:
    """The judge as trained."""
    judge = Judge()
    judge.load_state_dict(torch.load(BUILD / "judge.pt", weights_only=True)["state"]["judge"])
    return judge.eval()


@torch.no_grad()
def verdict(judge: Judge, pictures: list[Image.Image], scenes: list[Scene]) -> dict[str, float]:
    """How often things (all that were asked for), style and background are right, from 0 to 1."""
    things, styles, colours = judge(look(pictures))
    shares, style, colour = targets(scenes)
    wanted = shares > 0
    first = torch.zeros_like(wanted)
    for row, count in enumerate(wanted.sum(1).tolist()):
        first[row, things[row].topk(count).indices] = True
    return {
        "thing": (first & wanted).eq(wanted).all(1).float().mean().item(),
        "style": styles.argmax(1).eq(style).float().mean().item(),
        "background": colours.argmax(1).eq(colour).float().mean().item(),
    }
