"""Families of base models: one module each, and all that differs between them."""

from studio.families._base import Family
from studio.registry import Registry

FAMILIES: Registry[Family] = Registry(__name__, "family of models")


def go_together(adapter: str, base: str) -> bool:
    """Whether an adapter for one family may work with a base of another; an unknown one may ("")."""
    return not adapter or not base or adapter == base


def title_of(said: str) -> str:
    """What people call the base that a file says it is for, or the file's own word where nobody knows it."""
    return next((one.title for one in FAMILIES if said in (one.base_version, one.architecture)), said)


def family_named(name: str) -> Family | None:
    """The family of this name; None where a file names one that this version does not have."""
    return next((family for family in FAMILIES if family.name == name), None)
