"""Captioning: a model looks at the pictures of a dataset and writes a caption beside each."""
