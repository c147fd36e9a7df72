"""The dataset doctor: says before a training what will go wrong in it, and helps to mend it."""

from studio.data.doctor.checks import CHECKS
from studio.data.doctor.examination import examine
from studio.data.doctor.findings import Check, Finding, Mend, Report
from studio.data.doctor.mends import mend

__all__ = ["CHECKS", "Check", "Finding", "Mend", "Report", "examine", "mend"]
