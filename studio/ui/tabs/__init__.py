"""The rooms of the studio."""
