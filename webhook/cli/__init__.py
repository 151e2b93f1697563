"""The command line; one module a command. What a command needs is imported inside it."""
