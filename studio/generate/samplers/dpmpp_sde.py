"""DPM-Solver++ of second order, singlestep, of the stochastic equation: fresh noise at each step."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="dpmpp_sde",
    title="DPM++ SDE",
    label="DPM++ SDE",
    scheduler="DPMSolverSinglestepScheduler",
    options={
        "algorithm_type": "sde-dpmsolver++",
        "solver_order": 2,
        "lower_order_final": True,
        "final_sigmas_type": "zero",
    },
    usual="karras",
    aliases=("dpmpp_sde_k", "k_dpmpp_sde"),
    order=70,
)
