"""Families of base models: one module each, with all that differs between them."""
