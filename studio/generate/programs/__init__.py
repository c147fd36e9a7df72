"""Programs: whose pictures' recipes can be read, one module each."""

from studio.generate.programs._base import Program
from studio.registry import Registry

PROGRAMS: Registry[Program] = Registry(__name__, "program")
