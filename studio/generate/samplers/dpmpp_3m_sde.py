"""DPM-Solver++ of third order, multistep, of the stochastic equation: from 30 steps on."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="dpmpp_3m_sde",
    title="DPM++ 3M SDE",
    label="DPM++ 3M SDE",
    scheduler="DPMSolverMultistepScheduler",
    options={"algorithm_type": "sde-dpmsolver++", "solver_order": 3, "timestep_spacing": "linspace"},
    usual="exponential",
    aliases=("k_dpmpp_3m_sde",),
    order=50,
)
