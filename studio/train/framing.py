"""Framing: what was cut from a picture on its way to the bucket, for families that are told of it."""

from __future__ import annotations

from studio.data.buckets import kept
from studio.families._base import Frame
from studio.train.plan import Example


def frame_of(example: Example) -> Frame:
    """The frame of an example; what a person cropped away counts as never having been there."""
    width, height = example.picture.size
    if example.crop is not None:
        box = example.crop.box((width, height))
        width, height = box[2] - box[0], box[3] - box[1]
    left, top, right, _ = kept((width, height), example.bucket)
    scale = example.bucket[0] / (right - left)
    return Frame((width, height), (round(left * scale), round(top * scale)), example.bucket)
