"""Pictures so wide or so tall that a training cuts much off."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.buckets import Size, choose_bucket, kept
from studio.data.crops import Crop
from studio.data.doctor.findings import Case, Check, Finding, Mend, names, paths, told

MUCH = 0.12  # of a picture
USUAL = (1024, 64)  # resolution and multiple, where no base is chosen


class Shape(Check):
    """Finds pictures of which the bucket cuts off a strip that may hold something."""

    name = "shape"
    title = "Cut off"
    order = 45

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all that have no crop of the person's own."""
        base = (case.base.resolution, case.base.side_multiple) if case.base else USUAL
        bare = [picture for picture, _ in case.sound() if picture.path.name not in case.crops]
        keeps = {picture: _kept(picture.size, choose_bucket(picture.size, *base)) for picture in bare}
        cut = [picture for picture, keep in keeps.items() if 1 - _area(keep) > MUCH]
        if not cut:
            return ()
        crops = {picture.path.name: keeps[picture] for picture in cut}
        return [
            Finding(
                self.name,
                told(len(cut), "{n} picture{s} {are} cut off at the ends"),
                "They are longer than any shape that a training uses, so their ends are left out, the same "
                "on both sides. Move the frame to what matters.",
                paths(cut),
                (Mend("Move the frame", opens="crop", arguments={"pictures": names(cut)}),),
                verdict=told(len(cut), "{n} picture{s} {are} cut off at the ends"),
                notes={name: f"{1 - _area(crop):.0%} is cut off" for name, crop in crops.items()},
                crops=crops,
            )
        ]


def _kept(size: Size, bucket: Size) -> Crop:
    """What a bucket keeps, as fractions."""
    left, top, right, bottom = kept(size, bucket)
    width, height = size
    return Crop(max(0, left / width), max(0, top / height), min(1, right / width), min(1, bottom / height))


def _area(crop: Crop) -> float:
    return (crop.right - crop.left) * (crop.bottom - crop.top)


ENTRY = Shape()
