"""UniPC (arXiv 2302.04867): good pictures from 10 steps on."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="unipc",
    title="UniPC",
    label="UniPC",
    scheduler="UniPCMultistepScheduler",
    options={"timestep_spacing": "linspace"},
    flow="UniPCMultistepScheduler",
    flow_options={"prediction_type": "flow_prediction", "use_flow_sigmas": True},
    aliases=("uni_pc", "uni_pc_bh2", "unipc_k"),
    order=80,
)
