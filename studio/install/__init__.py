"""Installing the studio: all that launch.py needs before there is any library.

Standard library only, and nothing else of the studio.
"""
