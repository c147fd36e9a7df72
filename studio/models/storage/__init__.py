"""Storages: how the weights of a base model that stay as they are lie in memory, one module each."""

from studio.models.storage._base import Storage
from studio.registry import Registry

STORAGES: Registry[Storage] = Registry(__name__, "way to store the base model")
