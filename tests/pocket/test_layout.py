"""What ships in `assets/pocket` opens with the ordinary classes and works."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

POCKET = Path(__file__).parents[2] / "assets" / "pocket"
WEIGHTS = POCKET / "unet" / "diffusion_pytorch_model.safetensors"


@pytest.mark.parametrize(
    "text",
    [
        "a fox, flat style, on a red background",
        "日本語 — кот 🦊",
        "naïve façade",
        "x" * 40,
        "½ ≠ \u200d \U0001f9d1",
    ],
)
def test_any_text_tokenizes_and_comes_back(text: str) -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(POCKET / "tokenizer")
    ids = tokenizer(text).input_ids
    again = tokenizer.decode(ids, skip_special_tokens=True)
    assert again.replace(" ", "") == text.lower().replace(" ", "")


@pytest.mark.parametrize("word", ["sks", "ohwx", "zwx", "qvk"])
def test_trigger_words_are_one_token(word: str) -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(POCKET / "tokenizer")
    assert len(tokenizer(word, add_special_tokens=False).input_ids) == 1


@pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not here")
class TestWithWeights:
    def test_the_pipeline_paints_a_finite_picture(self) -> None:
        import torch
        from diffusers import StableDiffusionPipeline

        pipeline = StableDiffusionPipeline.from_pretrained(
            POCKET, safety_checker=None, torch_dtype=torch.float32
        )
        pipeline.set_progress_bar_config(disable=True)
        painted = pipeline("a cat", num_inference_steps=2, output_type="np").images
        assert painted.shape == (1, 128, 128, 3)
        assert np.isfinite(painted).all()
        assert painted.std() > 0.01

    def test_the_captioner_speaks_words_it_knows(self) -> None:
        from PIL import Image
        from transformers import BlipForConditionalGeneration, BlipProcessor

        processor = BlipProcessor.from_pretrained(POCKET / "captioner")
        model = BlipForConditionalGeneration.from_pretrained(POCKET / "captioner")
        pixels = processor(images=Image.new("RGB", (200, 100), "red"), return_tensors="pt").pixel_values
        said = processor.decode(model.generate(pixels, max_new_tokens=24)[0], skip_special_tokens=True)
        assert said
        assert "[UNK]" not in said

    def test_clip_gives_a_picture_and_a_text_the_same_width(self) -> None:
        from PIL import Image
        from transformers import CLIPModel, CLIPProcessor

        processor = CLIPProcessor.from_pretrained(POCKET / "clip")
        given = processor(
            text=["a cat"], images=[Image.new("RGB", (128, 128))], return_tensors="pt", padding=True
        )
        found = CLIPModel.from_pretrained(POCKET / "clip")(**given)
        assert found.text_embeds.shape == found.image_embeds.shape

    def test_the_tiny_autoencoder_shows_the_latents_that_the_unet_works_on(self) -> None:
        import torch
        from diffusers import AutoencoderKL, AutoencoderTiny
        from PIL import Image

        owner = AutoencoderKL.from_pretrained(POCKET / "vae", dtype=torch.float32)
        tiny = AutoencoderTiny.from_pretrained(POCKET / "tiny", dtype=torch.float32)
        picture = Image.open(POCKET.parent / "demo" / "subject" / "fox-1.png").convert("RGB")
        pixels = torch.from_numpy(np.array(picture.resize((128, 128)))).permute(2, 0, 1)[None] / 127.5 - 1
        with torch.no_grad():
            latents = owner.encode(pixels).latent_dist.mode() * owner.config.scaling_factor
            shown = tiny.decode(latents / tiny.config.scaling_factor).sample
        assert (shown - pixels).abs().mean() < 0.1
