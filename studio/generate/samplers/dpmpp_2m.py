"""DPM-Solver++ of second order, multistep (arXiv 2211.01095): good pictures from 20 steps on."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="dpmpp_2m",
    title="DPM++ 2M",
    label="DPM++ 2M",
    scheduler="DPMSolverMultistepScheduler",
    options={
        "algorithm_type": "dpmsolver++",
        "solver_order": 2,
        "timestep_spacing": "linspace",
        "use_karras_sigmas": False,
    },
    schedule_type="Uniform",
    order=30,
)
