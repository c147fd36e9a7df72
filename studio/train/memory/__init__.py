"""Memory: what a training or a generation needs, counted before it starts and watched while it runs."""
