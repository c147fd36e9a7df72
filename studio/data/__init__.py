"""Datasets: pictures, captions and their history, imports."""
