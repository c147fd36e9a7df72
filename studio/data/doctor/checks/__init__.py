"""What the doctor looks for: one module each."""

from studio.data.doctor.findings import Check
from studio.registry import Registry

CHECKS: Registry[Check] = Registry(__name__, "check of a dataset")
