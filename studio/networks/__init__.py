"""Networks: what is trained, one module each."""
