"""As SGM Uniform, under the name that ComfyUI gives it."""

from studio.generate.schedules._base import Schedule

ENTRY = Schedule(name="simple", title="Simple", options={"timestep_spacing": "trailing"}, order=50)
