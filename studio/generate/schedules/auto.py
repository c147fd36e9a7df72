"""What the sampler is known for."""

from studio.generate.schedules._base import Schedule

ENTRY = Schedule(name="auto", title="Automatic", order=0)
