"""Buckets: the sizes in which pictures are trained, so that little is cut off and nothing distorted."""

from __future__ import annotations

from math import log

from PIL import Image

Size = tuple[int, int]  # width, height in pixels
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels
NARROWEST = 0.5  # the shorter side over the longer


def choose_bucket(size: Size, resolution: int, multiple: int) -> Size:
    """The bucket that cuts least off a picture of this size.

    Buckets have about resolution² pixels, never more, and sides that are multiples of `multiple`.
    """
    wanted = log(size[0] / size[1])
    return min(
        buckets(resolution, multiple),
        key=lambda bucket: (abs(log(bucket[0] / bucket[1]) - wanted), -bucket[0] * bucket[1]),
    )


def buckets(resolution: int, multiple: int) -> list[Size]:
    """All buckets of a resolution, from upright to lying."""
    area = max(resolution, multiple) ** 2
    upright = []
    for width in range(multiple, int(area**0.5) + 1, multiple):
        height = area // width // multiple * multiple
        if width / height >= NARROWEST:
            upright.append((width, height))
    lying = [(height, width) for width, height in reversed(upright) if width != height]
    return upright + lying


def is_smaller(size: Size, bucket: Size) -> bool:
    """Whether a picture must be enlarged to fill its bucket."""
    return size[0] < bucket[0] or size[1] < bucket[1]


def training_size(size: Size, resolution: int, multiple: int, *, enlarge: bool = False) -> Size:
    """The bucket in which a picture of this size is trained.

    A picture too small for the resolution is trained in a smaller bucket, down to half of it, where
    a model still knows what it sees; what is smaller even than that must be enlarged to it.
    """
    smallest = max(multiple, resolution // 2)
    for tried in range(resolution, smallest - 1, -multiple):
        bucket = choose_bucket(size, tried, multiple)
        if enlarge or not is_smaller(size, bucket):
            return bucket
    return choose_bucket(size, smallest, multiple)


def kept(size: Size, bucket: Size) -> Box:
    """The part of a picture that its bucket keeps: the largest of the bucket's shape, around the middle."""
    scale = max(bucket[0] / size[0], bucket[1] / size[1])
    across, down = (
        min(bucket[0] / scale, size[0]),
        min(bucket[1] / scale, size[1]),
    )  # rounding may add a trace
    left, top = (size[0] - across) / 2, (size[1] - down) / 2
    return left, top, left + across, top + down


def fit(image: Image.Image, bucket: Size) -> Image.Image:
    """The picture resized to cover the bucket, and cropped to it around its middle."""
    return image.resize(bucket, Image.Resampling.LANCZOS, box=kept(image.size, bucket))
