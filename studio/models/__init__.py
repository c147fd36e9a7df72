"""Base models: finding, downloading, identifying and opening them."""
