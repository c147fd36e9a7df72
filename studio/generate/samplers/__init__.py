"""Samplers: one module each, under the names people know."""

from studio.generate.samplers._base import Sampler
from studio.registry import Registry

SAMPLERS: Registry[Sampler] = Registry(__name__, "sampler")
