"""`python -m webhook`: the command line."""

from webhook.cli.main import run

run()
