"""Captioners: one module each."""
