"""The configuration file: what is read, and every mistake in it."""
