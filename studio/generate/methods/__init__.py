"""Methods of mixing: one module each, which says what is mixed at each step."""

from studio.generate.methods._base import Method
from studio.registry import Registry

METHODS: Registry[Method] = Registry(__name__, "method of mixing")
