"""The verdict: which checkpoint at which strength, and why.

The LoRA's files are tried on a fresh base, as a person would use them: what is judged is what is
there, not what is in the trainer's memory.
"""
