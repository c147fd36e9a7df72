"""Optimizers: one module each."""
