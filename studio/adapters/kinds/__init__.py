"""Kinds of adapters: one module each, with its arithmetic and the names of its tensors in files."""

from studio.adapters.kinds._base import Kind
from studio.registry import Registry

KINDS: Registry[Kind] = Registry(__name__, "kind of adapter")
