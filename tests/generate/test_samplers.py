from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from studio.generate.samplers._base import usable_steps
from studio.generate.settings import SAMPLERS
from tests.generate.studio_run import Bench
from tests.tiny import SIDE

PLAIN = {  # the scheduler configuration of Stable Diffusion 1.5
    "_class_name": "PNDMScheduler",
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "clip_sample": False,
}
ZERO_SNR = {
    **PLAIN,
    "_class_name": "DDIMScheduler",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
}


def test_people_find_the_names_they_know() -> None:
    assert SAMPLERS.names() == [
        "auto",
        "euler",
        "euler_a",
        "dpmpp_2m",
        "dpmpp_2m_karras",
        "ddim",
        "unipc",
        "lcm",
    ]


def test_the_list_is_there_without_torch() -> None:
    code = (
        "import sys; from studio.generate.settings import GenerateSettings;"
        "from studio.settings import knobs;"
        "assert any(k.choices for k in knobs(GenerateSettings));"
        "sys.exit(any(m in sys.modules for m in ('torch', 'diffusers', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "scheduler", "options"),
    [
        ("auto", "PNDMScheduler", {}),
        ("euler", "EulerDiscreteScheduler", {"timestep_spacing": "linspace"}),
        ("euler_a", "EulerAncestralDiscreteScheduler", {"timestep_spacing": "linspace"}),
        ("dpmpp_2m", "DPMSolverMultistepScheduler", {"use_karras_sigmas": False, "solver_order": 2}),
        ("dpmpp_2m_karras", "DPMSolverMultistepScheduler", {"use_karras_sigmas": True, "solver_order": 2}),
        ("ddim", "DDIMScheduler", {"timestep_spacing": "leading", "set_alpha_to_one": False}),
        ("unipc", "UniPCMultistepScheduler", {"timestep_spacing": "linspace"}),
        ("lcm", "LCMScheduler", {"original_inference_steps": 50}),
    ],
)
def test_a_name_means_this_scheduler(name: str, scheduler: str, options: dict[str, object]) -> None:
    built = SAMPLERS.get(name).build(PLAIN)
    assert type(built).__name__ == scheduler
    assert {**built.config, **options} == dict(built.config)
    assert built.config["beta_end"] == PLAIN["beta_end"]


@pytest.mark.parametrize("name", SAMPLERS.names())
def test_a_base_that_begins_in_pure_noise_is_sampled_from_its_last_timestep(name: str) -> None:
    scheduler = SAMPLERS.get(name).build(ZERO_SNR)
    scheduler.set_timesteps(8)
    assert scheduler.timesteps[0] == 999
    assert len(scheduler.timesteps) == 8
    assert scheduler.config["prediction_type"] == "v_prediction"
    # Told the true picture at every step, each sampler must arrive at it.
    clean, noise = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    latents = noise * scheduler.init_noise_sigma
    alphas = scheduler.alphas_cumprod.double()
    for step, timestep in enumerate(scheduler.timesteps):
        given = scheduler.scale_model_input(latents, timestep)
        alpha = _alpha(scheduler, step, alphas, timestep)
        velocity = (alpha.sqrt() * given - clean) / (1 - alpha).sqrt()
        latents = scheduler.step(velocity.float(), timestep, latents).prev_sample
    assert (latents - clean).abs().max() < 0.15


def _alpha(scheduler: object, step: int, alphas: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """The share of the picture in what the model is given at this step."""
    if hasattr(scheduler, "sigmas"):
        return 1 / (scheduler.sigmas[step].double() ** 2 + 1)
    return alphas[int(timestep)]


@pytest.mark.parametrize("name", ["dpmpp_2m_karras", "dpmpp_2m"])
def test_few_steps_are_spent_on_nothing_but_noise(name: str) -> None:
    scheduler = SAMPLERS.get(name).build(ZERO_SNR)
    scheduler.set_timesteps(20)
    assert (scheduler.sigmas > 15).sum() <= 3
    assert (scheduler.sigmas[:-2] > scheduler.sigmas[1:-1]).all()


@pytest.mark.parametrize("steps", [1, 2, 3, 61, 103, 122])
def test_every_number_of_steps_ends_at_the_picture(steps: int) -> None:
    for sampler in SAMPLERS:
        scheduler = sampler.build(ZERO_SNR)
        used = usable_steps(scheduler, min(steps, sampler.most_steps or steps))
        assert len(scheduler.timesteps) == used
        assert scheduler.timesteps.min() >= 0
        assert used - steps in (0, 1, 2) or used == sampler.most_steps


@pytest.mark.parametrize("sampler", SAMPLERS.names())
def test_each_sampler_paints(bench: Bench, sampler: str) -> None:
    one, again = (
        bench.paint(prompt="a fox", sampler=sampler, steps=3, width=SIDE, height=SIDE)[0] for _ in range(2)
    )
    assert np.array_equal(one, again)
    assert one.std() > 5


def test_lcm_says_that_it_paints_in_fewer_steps(bench: Bench) -> None:
    bench.run(prompt="a fox", sampler="lcm", steps=60, width=SIDE, height=SIDE)
    assert "50 steps instead of 60" in bench.made("note")[0].facts["text"]
