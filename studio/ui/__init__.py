"""The page: three rooms (Caption, Train, Generate) in the browser, and nothing that computes.

Imports neither torch nor diffusers nor transformers, so that it is up in seconds. What it knows of
the jobs it reads from disk; what it wants done it writes into the queue.
"""

from studio.ui import quick

quick.import_gradio()
