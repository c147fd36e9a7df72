"""Buckets in training: those of the datasets, and smaller ones, so that no picture is enlarged unasked."""

from __future__ import annotations

from studio.data.buckets import Size, buckets, choose_bucket, fit, is_smaller

__all__ = ["Size", "buckets", "choose_bucket", "fit", "is_smaller", "training_size"]


def training_size(size: Size, resolution: int, multiple: int, *, enlarge: bool) -> Size:
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
