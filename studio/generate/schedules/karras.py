"""Noise levels of Karras et al. (arXiv 2206.00364, equation 5)."""

from studio.generate.schedules._base import Schedule

ENTRY = Schedule(name="karras", title="Karras", options={"use_karras_sigmas": True}, order=20)
