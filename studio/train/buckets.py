"""Buckets, as the training uses them; the arithmetic is the dataset's, which shows what they cut off."""

from __future__ import annotations

from studio.data.buckets import Size, buckets, choose_bucket, fit, is_smaller

__all__ = ["Size", "buckets", "choose_bucket", "fit", "is_smaller"]
