"""LoRA Studio: caption pictures, train LoRAs on them and mix the results."""

__version__ = "0.1.0"
