"""Families of base models: one module each, and all that differs between them."""

from studio.families._base import Family
from studio.registry import Registry

FAMILIES: Registry[Family] = Registry(__name__, "family of models")
