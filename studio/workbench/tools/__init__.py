"""The tools of the workbench: one module each."""

from studio.registry import Registry
from studio.workbench.tools._base import Tool

TOOLS: Registry[Tool] = Registry(__name__, "tool of the workbench")
