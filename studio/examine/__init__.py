"""Examining: an image tower looks at the pictures of a dataset, so that the doctor knows which are alike."""
