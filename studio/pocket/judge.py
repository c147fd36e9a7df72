"""The judge: a small classifier of things, styles and backgrounds that shares nothing with the miniature.

It sees rendered pictures of every thing but the ten kept for the last measurement, in every style,
the held-out one too: it measures, and teaches nobody.
"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from studio.pocket import muon
from studio.pocket.composing import compose
from studio.pocket.icons import BUILD, STYLE_OF
from studio.pocket.scenes import PAIR, PAIR_CENTRES, Scene, draw_scene
from studio.pocket.scenes import PIXELS as SCENE
from studio.pocket.stage import Stage, set_learning_rate
from studio.pocket.things import COLOURS, HELD_OUT_STYLE, all_things, held_out

BATCH, PIXELS, PEAK = 96, 64, 2e-3
KNOWN = tuple(thing for thing in all_things() if thing not in held_out("last"))
NUMBERS = {thing: number for number, thing in enumerate(KNOWN)}
STYLE_NAMES, COLOUR_NAMES = tuple(STYLE_OF.values()), tuple(COLOURS)
INK = next(iter(HELD_OUT_STYLE.values()))


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
            shares[row, NUMBERS[thing]] = 1 / len(scene.things)
    styles = torch.tensor([STYLE_NAMES.index(scene.style) for scene in scenes])
    return shares, styles, torch.tensor([COLOUR_NAMES.index(scene.background) for scene in scenes])


def train(minutes: float) -> None:
    """Train on fresh scenes, each bent, blurred and noised by chance, as painted pictures are."""
    torch.manual_seed(0)
    judge = Judge()
    optimizer = muon.optimizer(judge, PEAK)
    stage = Stage("judge", minutes, {"judge": judge, "optimizer": optimizer})
    rng = random.Random(1000 + stage.step)
    for _ in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK))
        scenes = [_scene(rng) for _ in range(BATCH)]
        with torch.autocast("cpu", torch.bfloat16):
            things, styles, colours = judge(worn(compose(scenes, PIXELS)))
        shares, style, colour = targets(scenes)
        loss = functional.cross_entropy(things.float(), shares)
        loss = loss + functional.cross_entropy(styles.float(), style)
        loss = loss + functional.cross_entropy(colours.float(), colour)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        stage.note(loss.item())


def _scene(rng: random.Random) -> Scene:
    """A scene of the styles that are trained on, or one of six in the held-out style, of black ink."""
    scene = draw_scene(rng, KNOWN)
    inked = scene.background != "black" and rng.random() < 1 / 6
    return replace(scene, style=INK) if inked else scene


def worn(pictures: Tensor) -> Tensor:
    """Pictures a little turned, bent, blurred, tinted and noised, each by another amount."""
    bent = functional.grid_sample(
        pictures, _bending(len(pictures), pictures.shape[-1]), padding_mode="border", align_corners=False
    )
    soft = functional.avg_pool2d(functional.pad(bent, (2, 2, 2, 2), mode="replicate"), 5, stride=1)
    amount = torch.rand(4, len(pictures), 1, 1, 1)
    tint = 0.05 * torch.randn(len(pictures), 3, 1, 1)
    return bent.lerp(soft, amount[0] ** 2) + 0.08 * amount[1] * torch.randn_like(bent) + amount[2] * tint


def _bending(count: int, pixels: int) -> Tensor:
    """Where to read each pixel from: (count, pixels, pixels, 2), as `grid_sample` takes it."""
    angle, size = 0.12 * torch.randn(count), 1 + 0.06 * torch.randn(count)
    shift = 0.04 * torch.randn(count, 2)
    cosine, sine = size * angle.cos(), size * angle.sin()
    matrix = torch.stack(
        (torch.stack((cosine, -sine, shift[:, 0]), 1), torch.stack((sine, cosine, shift[:, 1]), 1)), 1
    )
    grid = functional.affine_grid(matrix, [count, 1, pixels, pixels], align_corners=False)
    waves = 0.04 * torch.rand(count, 1, 1, 1) * torch.randn(count, 2, 5, 5)
    bent = functional.interpolate(waves, (pixels, pixels), mode="bicubic", align_corners=False)
    return grid + bent.permute(0, 2, 3, 1)


def load() -> Judge:
    """The judge as trained."""
    judge = Judge()
    judge.load_state_dict(torch.load(BUILD / "judge.pt", weights_only=True)["state"]["judge"])
    return judge.eval()


@torch.no_grad()
def verdicts(judge: Judge, pictures: list[Image.Image], scenes: list[Scene]) -> dict[str, Tensor]:
    """Whether things (all that were asked for), style and background are right: a bool a picture."""
    things, styles, colours = judge(look(pictures))
    _, style, colour = targets(scenes)
    found = [{number} for number in things.argmax(1).tolist()]
    for row, scene in enumerate(scenes):
        if len(scene.things) == 2:
            found[row] = set(judge(look(closer(pictures[row])))[0].argmax(1).tolist())
    wanted = [{NUMBERS[thing] for thing in scene.things} for scene in scenes]
    return {
        "thing": torch.tensor([seen == asked for seen, asked in zip(found, wanted, strict=True)]),
        "style": styles.argmax(1).eq(style),
        "background": colours.argmax(1).eq(colour),
    }


def closer(picture: Image.Image) -> list[Image.Image]:
    """The two places of a pair, each large in a picture of its own, what lies beyond the edge filled up."""
    side, pixels = round(1.2 * PAIR), np.asarray(picture.convert("RGB").resize((SCENE, SCENE)))
    padded = np.pad(pixels, ((side, side), (side, side), (0, 0)), mode="edge")
    corners = [(across + side // 2, down + side // 2) for across, down in PAIR_CENTRES]
    return [Image.fromarray(padded[top : top + side, left : left + side]) for left, top in corners]


def verdict(judge: Judge, pictures: list[Image.Image], scenes: list[Scene]) -> dict[str, float]:
    """How often things, style and background are right, from 0 to 1."""
    return {name: right.float().mean().item() for name, right in verdicts(judge, pictures, scenes).items()}
