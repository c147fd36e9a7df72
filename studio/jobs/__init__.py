"""Jobs: a queue on disk, events in files, and the processes that do the work.

Knows neither torch nor gradio: an engine is anything that takes a `Context` and a `Settings`.
"""
