"""Base models: finding, downloading, recognising and opening them."""
