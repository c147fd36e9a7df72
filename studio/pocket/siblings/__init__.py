"""Smaller siblings of the miniature, in the shape of SDXL, SD3 and FLUX; they share its VAE and its CLIP."""
