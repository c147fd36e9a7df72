"""DPM-Solver++ of second order, singlestep (arXiv 2211.01095): near to A1111's, without its noise."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="dpmpp_2s_a",
    title="DPM++ 2S a",
    label="DPM++ 2S a",
    scheduler="DPMSolverSinglestepScheduler",
    options={
        "algorithm_type": "dpmsolver++",
        "solver_order": 2,
        "lower_order_final": True,
        "final_sigmas_type": "zero",
    },
    usual="karras",
    aliases=("dpmpp_2s_ancestral", "dpmpp_2s", "dpmpp_2s_k", "k_dpmpp_2s_a"),
    order=60,
)
