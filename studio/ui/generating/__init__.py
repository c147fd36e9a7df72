"""The Generate room in parts: what its widgets ask of the server, and how it is laid out."""
