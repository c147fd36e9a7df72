"""Training: from a dataset and a base model to a LoRA."""
