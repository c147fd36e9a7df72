"""Pictures in which nothing is sharp."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studio.data.doctor.findings import Case, Check, Finding, paths, take_out, told
from studio.data.doctor.viewing import Grey, View

BLOCK = 32  # pixels
CONTRAST = 40  # of 255, within a block; less is no edge to judge by
FEWEST = 4  # blocks with an edge
SHARPEST = 10  # percent of the blocks: a sharp face before a soft background is a sharp picture
SOFT = 1.7  # pixels at the training's size; ordinary pictures have 0.4 to 1, in sharp drawings 0.4
USUAL = 1024  # pixels, where no base is chosen


class Blurred(Check):
    """Finds pictures whose sharpest edges are soft in the size in which they are trained."""

    name = "blurred"
    title = "Blurred"
    order = 50
    measures = True

    def measure(self, view: View) -> list[float] | None:
        """The softness of the sharpest edges, as σ of a Gaussian in pixels, and the shorter side."""
        soft = softness(view.grey)
        return None if soft is None else [round(soft, 3), view.side]

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all of them."""
        resolution = case.base.resolution if case.base else USUAL
        soft = [picture for picture, facts in case.sound() if _softness(facts[self.name], resolution) > SOFT]
        if not soft:
            return ()
        return [
            Finding(
                self.name,
                told(len(soft), "{n} picture{s} {are} blurred"),
                "Nothing in them is sharp, even at the size they are trained in. The model learns softness "
                "as part of your subject or style. Take a sharper one, or leave them out, unless the "
                "softness is what you want.",
                paths(soft),
                (take_out(soft),),
                verdict=told(len(soft), "{n} blurred picture{s} {are} worth a look"),
            )
        ]


def softness(grey: Grey) -> float | None:
    """The σ, in pixels, of the blur at the sharpest edges; None where there are no edges.

    An edge of height h blurred by a Gaussian has the slope h / (σ √2π) in its middle; so in each block
    the contrast over the steepest slope tells its σ. Pixels alone cannot show less than about 0.4.
    """
    height, width = (side // BLOCK * BLOCK for side in grey.shape)
    grey = grey[:height, :width]
    slope = np.zeros_like(grey)
    slope[:, :-1] = np.abs(np.diff(grey, axis=1))
    slope[:-1] = np.maximum(slope[:-1], np.abs(np.diff(grey, axis=0)))
    contrast = _blocks(grey).max(1) - _blocks(grey).min(1)
    edges = contrast > CONTRAST
    if edges.sum() < FEWEST:
        return None
    sigmas = contrast[edges] / _blocks(slope).max(1)[edges] / np.sqrt(2 * np.pi)
    return float(np.percentile(sigmas, SHARPEST))


def _blocks(values: Grey) -> Grey:
    """The pixels of each block as a row."""
    rows, columns = values.shape[0] // BLOCK, values.shape[1] // BLOCK
    return values.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(rows * columns, BLOCK * BLOCK)


def _softness(measured: Sequence[float] | None, resolution: int) -> float:
    """What is left of a blur when the picture is made smaller for the training."""
    if measured is None:
        return 0.0
    soft, side = measured
    return soft * min(1.0, resolution / side)


ENTRY = Blurred()
