"""DPM-Solver++ of second order, multistep (arXiv 2211.01095): good pictures from 20 steps on."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="dpmpp_2m",
    title="DPM++ 2M",
    label="DPM++ 2M",
    scheduler="DPMSolverMultistepScheduler",
    options={"algorithm_type": "dpmsolver++", "solver_order": 2, "timestep_spacing": "linspace"},
    usual="karras",
    flow="DPMSolverMultistepScheduler",
    flow_options={
        "algorithm_type": "dpmsolver++",
        "solver_order": 2,
        "prediction_type": "flow_prediction",
        "use_flow_sigmas": True,
    },
    aliases=("dpmpp_2m_k", "k_dpmpp_2m"),
    order=30,
)
