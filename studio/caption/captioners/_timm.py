"""timm, the library of image models, without torchvision.

timm imports torchvision for its image transforms and for a kind of layer that our models lack. We use
neither, and a torchvision that does not match torch's build breaks whatever imports it; so while timm
is imported, empty names stand in for torchvision's, and are gone afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ABSENT = "torchvision"


@cache
def load_timm() -> Any:
    """The module timm; raises `ImportError` where it is not installed."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if _absent(name)}
    sys.meta_path.insert(0, _STAND_IN)
    try:
        import timm
    finally:
        sys.meta_path.remove(_STAND_IN)
        for name in [name for name in sys.modules if _absent(name)]:
            del sys.modules[name]
        sys.modules.update(before)
    return timm


def _absent(name: str) -> bool:
    return name.partition(".")[0] == ABSENT


class _Name(type):
    """A class that has whatever one asks it for."""

    def __getattr__(cls, name: str) -> _Name:
        return _empty(name)


class _Module(ModuleType):
    def __getattr__(self, name: str) -> _Name:
        return _empty(name)


class _StandIn(MetaPathFinder, Loader):
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, is_package=True) if _absent(fullname) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


def _empty(name: str) -> _Name:
    if name.startswith("__"):
        raise AttributeError(name)
    return _Name(name, (), {})


_STAND_IN = _StandIn()
