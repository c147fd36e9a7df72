"""Memory of a generation, counted before it starts."""
