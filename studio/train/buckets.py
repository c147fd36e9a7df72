"""Buckets in training: those of the datasets."""

from __future__ import annotations

from studio.data.buckets import Size, buckets, choose_bucket, fit, is_smaller, training_size

__all__ = ["Size", "buckets", "choose_bucket", "fit", "is_smaller", "training_size"]
