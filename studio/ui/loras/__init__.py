"""The LoRAs room: the library, the workbench on what is chosen in it, and how LoRAs go together."""
