"""Patches over what is injected."""
