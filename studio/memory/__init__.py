"""Memory: what a base model needs at work, counted on weights that take none, and set beside a card."""
