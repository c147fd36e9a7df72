from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio.generate import samplers
from studio.generate.samplers._base import Sampler, usable_steps
from studio.generate.settings import SAMPLERS, SCHEDULES
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


FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0}
README = Path(samplers.__file__).with_name("README.md")


def test_people_find_the_names_they_know() -> None:
    known = {sampler.label for sampler in SAMPLERS}
    assert known >= {"Euler", "Euler a", "Heun", "DPM2", "DPM2 a", "LMS", "UniPC", "DDIM", "PLMS", "LCM"}
    assert known >= {"DPM++ 2M", "DPM++ 2S a", "DPM++ SDE", "DPM++ 2M SDE", "DPM++ 3M SDE"}
    schedules = [schedule.title for schedule in SCHEDULES]
    assert schedules == ["Automatic", "Uniform", "Karras", "Exponential", "SGM Uniform", "Simple", "Beta"]


def row(sampler: Sampler) -> str:
    options = ", ".join(f"{name}={value}" for name, value in sampler.options.items())
    usual = SCHEDULES.get(sampler.usual).title
    cells = (
        sampler.label,
        f"`{sampler.name}`",
        f"`{sampler.scheduler}`",
        options,
        usual,
        sampler.flow or "no",
    )
    return f"| {' | '.join(cells)} |"


def test_the_table_in_the_docs_says_what_each_name_means() -> None:
    text = README.read_text(encoding="utf-8")
    for sampler in SAMPLERS:
        assert not sampler.label or row(sampler) in text
    for schedule in SCHEDULES:
        options = ", ".join(f"{name}={value}" for name, value in schedule.options.items()) or "nothing"
        assert f"| {schedule.title} | `{schedule.name}` | {options} |" in text


def test_the_list_is_there_without_torch() -> None:
    code = (
        "import sys; from studio.generate.settings import GenerateSettings;"
        "from studio.settings import knobs;"
        "assert any(k.choices for k in knobs(GenerateSettings));"
        "sys.exit(any(m in sys.modules for m in ('torch', 'diffusers', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("sampler", [each for each in SAMPLERS if each.label], ids=lambda each: each.name)
def test_a_name_means_this_scheduler_with_these_options(sampler: Sampler) -> None:
    for schedule in sampler.schedules(PLAIN):
        built = sampler.build(PLAIN, schedule)
        assert type(built).__name__ == sampler.scheduler
        wanted = SCHEDULES.get(sampler.usual if schedule == "auto" else schedule).options
        assert {**built.config, **sampler.options, **wanted} == dict(built.config)
        assert built.config["beta_end"] == PLAIN["beta_end"]


def test_a_base_with_a_schedule_of_its_own_does_not_hand_it_on() -> None:
    own = {**PLAIN, "_class_name": "DPMSolverMultistepScheduler", "use_karras_sigmas": True}
    assert not SAMPLERS.get("euler").build(own, "uniform").config["use_karras_sigmas"]
    assert SAMPLERS.get("auto").build(own).config["use_karras_sigmas"]


def test_karras_spreads_the_noise_as_its_formula_says() -> None:
    scheduler = SAMPLERS.get("euler").build(PLAIN, "karras")
    scheduler.set_timesteps(10)
    low, high = (float(scheduler.sigmas[at]) ** (1 / 7) for at in (-2, 0))
    wanted = [(high + step / 9 * (low - high)) ** 7 for step in range(10)]
    assert scheduler.sigmas[:10].tolist() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    "sampler", [each for each in SAMPLERS if each.suits(FLOW)], ids=lambda each: each.name
)
def test_a_flow_is_sampled_from_noise_to_the_picture(sampler: Sampler) -> None:
    scheduler = sampler.build(FLOW)
    scheduler.set_timesteps(8)
    clean, noise = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    latents = noise
    for timestep in scheduler.timesteps:
        velocity = (latents - clean) / (timestep / 1000)  # the true one
        latents = scheduler.step(velocity, timestep, latents).prev_sample
    assert (latents - clean).abs().max() < 0.05


def test_a_flow_is_offered_only_what_works_for_it() -> None:
    offered = {sampler.name for sampler in SAMPLERS if sampler.suits(FLOW)}
    assert offered == {"auto", "euler", "heun", "dpmpp_2m", "unipc", "lcm"}
    assert SAMPLERS.get("dpmpp_2m").schedules(FLOW) == ["auto", "uniform"]


FIRST_STEPS = {"heun": 15, "dpm2": 15, "dpm2_a": 15, "plms": 9}


@pytest.mark.parametrize("sampler", list(SAMPLERS), ids=lambda each: each.name)
def test_a_base_that_begins_in_pure_noise_is_sampled_from_its_last_timestep(sampler: Sampler) -> None:
    for schedule in sampler.schedules(ZERO_SNR):
        scheduler = sampler.build(ZERO_SNR, schedule)
        scheduler.set_timesteps(8)
        assert scheduler.timesteps[0] == 999
        assert len(scheduler.timesteps) == FIRST_STEPS.get(sampler.name, 8)
        assert scheduler.config["prediction_type"] == "v_prediction"
        missed = _painted_from_noise(scheduler)
        assert missed < 0.15, schedule


def _painted_from_noise(scheduler: Any) -> float:
    """How far the end is from a picture that each step was told truly."""
    clean, noise = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    latents = noise * scheduler.init_noise_sigma
    alphas = scheduler.alphas_cumprod.double()
    for step, timestep in enumerate(scheduler.timesteps):
        given = scheduler.scale_model_input(latents, timestep)
        alpha = _alpha(scheduler, step, alphas, timestep)
        velocity = (alpha.sqrt() * given - clean) / (1 - alpha).sqrt()
        latents = scheduler.step(velocity.float(), timestep, latents).prev_sample
    return float((latents - clean).abs().max())


def _alpha(scheduler: object, step: int, alphas: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """The share of the picture in what the model is given at this step."""
    if hasattr(scheduler, "sigmas"):
        return 1 / (scheduler.sigmas[step].double() ** 2 + 1)
    return alphas[int(timestep)]


@pytest.mark.parametrize(
    ("name", "schedule"), [("dpmpp_2m", "karras"), ("dpmpp_2m", "uniform"), ("euler", "beta")]
)
def test_few_steps_are_spent_on_nothing_but_noise(name: str, schedule: str) -> None:
    scheduler = SAMPLERS.get(name).build(ZERO_SNR, schedule)
    scheduler.set_timesteps(20)
    assert (scheduler.sigmas > 15).sum() <= 3
    assert (scheduler.sigmas[:-2] > scheduler.sigmas[1:-1]).all()


@pytest.mark.parametrize("steps", [1, 3, 61])
def test_every_number_of_steps_ends_at_the_picture(steps: int) -> None:
    for sampler in SAMPLERS:
        scheduler = sampler.build(ZERO_SNR)
        used = usable_steps(scheduler, min(steps, sampler.most_steps or steps))
        assert len(scheduler.timesteps) in (used, used + 1, 2 * used - 1)
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
