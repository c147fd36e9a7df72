"""Pictures of a shape of which a training cuts much off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from studio.data.buckets import Size, choose_bucket, kept, training_size
from studio.data.crops import Crop
from studio.data.doctor.findings import Case, Check, Finding, Mend, names, paths, told
from studio.models.facts import BaseFacts

MUCH = 0.12  # of a picture
USUAL = (1024, 64)  # resolution and multiple, where no base is chosen


class Shape(Check):
    """Finds pictures of which the bucket cuts off a strip that may hold something."""

    name = "shape"
    title = "Cut off"
    order = 45

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all that have no crop of the person's own."""
        bare = [picture for picture, _ in case.sound() if picture.path.name not in case.crops]
        keeps = {picture: _kept(picture.size, _bucket(picture.size, case.base)) for picture in bare}
        cut = [picture for picture, keep in keeps.items() if 1 - _area(keep) > MUCH]
        if not cut:
            return ()
        crops = {picture.path.name: keeps[picture] for picture in cut}
        return [
            Finding(
                self.name,
                told(len(cut), "{n} picture{s} {are} cut off"),
                f"A training on {case.base.title if case.base else 'a base'} knows only a few shapes. The "
                f"nearest leaves out {_lost(crops.values())}. Move the frame to what matters.",
                paths(cut),
                (Mend("Move the frame", opens="crop", arguments={"pictures": names(cut)}),),
                verdict=told(len(cut), "{n} picture{s} {are} cut off"),
                notes={
                    name: f"{1 - _area(crop):.0%} is cut off: {_sides(crop)}" for name, crop in crops.items()
                },
                crops=crops,
            )
        ]


def _bucket(size: Size, base: BaseFacts | None) -> Size:
    if base is None:
        return choose_bucket(size, *USUAL)
    return training_size(size, base.resolution, base.side_multiple)


def _kept(size: Size, bucket: Size) -> Crop:
    """What a bucket keeps, as fractions."""
    left, top, right, bottom = kept(size, bucket)
    width, height = size
    return Crop(max(0, left / width), max(0, top / height), min(1, right / width), min(1, bottom / height))


def _lost(crops: Iterable[Crop]) -> str:
    """Which sides go, and of how many pictures: "the left and right of 2 pictures"."""
    counts = Counter(map(_sides, crops))
    return " and ".join(
        f"the {sides} of {told(count, '{n} picture{s}')}" for sides, count in counts.most_common()
    )


def _sides(crop: Crop) -> str:
    across, down = crop.right - crop.left, crop.bottom - crop.top
    return "left and right" if across < down else "top and bottom"


def _area(crop: Crop) -> float:
    return (crop.right - crop.left) * (crop.bottom - crop.top)


ENTRY = Shape()
