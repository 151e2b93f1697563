"""Certificates as values: authorities, leaves, trust and rotation. No sockets, files or clocks.

Time and randomness come in as arguments, so that a year of rotation is a loop in a test.
"""
