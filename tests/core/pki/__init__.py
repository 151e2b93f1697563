"""Certificates as values, on clocks that the tests turn."""
