"""Samplers: one module each, under the names people know."""
