"""Prompts: from what a person writes to what the denoiser is told, step by step."""
