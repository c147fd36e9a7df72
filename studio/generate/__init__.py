"""Generating: from a prompt and a mix of adapters to pictures that know how they were made."""
