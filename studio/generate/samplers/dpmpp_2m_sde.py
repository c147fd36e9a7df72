"""DPM-Solver++ of second order, multistep, of the stochastic equation: fresh noise at each step."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="dpmpp_2m_sde",
    title="DPM++ 2M SDE",
    label="DPM++ 2M SDE",
    scheduler="DPMSolverMultistepScheduler",
    options={"algorithm_type": "sde-dpmsolver++", "solver_order": 2, "timestep_spacing": "linspace"},
    usual="exponential",
    aliases=("dpmpp_2m_sde_k", "k_dpmpp_2m_sde"),
    order=40,
)
