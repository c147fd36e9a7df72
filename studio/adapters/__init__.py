"""LoRA files: reading any format, the receipt, exact mixing, writing."""
