"""Families of base models: one module each, and all that differs between them."""

from studio.families._base import Family
from studio.registry import Registry

FAMILIES: Registry[Family] = Registry(__name__, "family of models")


def go_together(adapter: str, base: str) -> bool:
    """Whether an adapter for one family may work with a base of another; an unknown one may ("")."""
    return not adapter or not base or adapter == base


def family_named(name: str) -> Family | None:
    """The family of this name; None where a file names one that this version does not have."""
    return next((family for family in FAMILIES if family.name == name), None)
