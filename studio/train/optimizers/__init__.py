"""Optimizers: one module each."""

from studio.registry import Registry
from studio.train.optimizers._base import Optimizer

OPTIMIZERS: Registry[Optimizer] = Registry(__name__, "optimizer")
