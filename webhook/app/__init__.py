"""The composition root of `serve`: the one place where its parts are built and wired."""
