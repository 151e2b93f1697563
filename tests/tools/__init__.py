"""Programs that tests run beside ours, pinned as Go tools, and where the built ones lie.

Standard library only, because the programs are also built where no test environment exists yet.
What tests do with the programs belongs to the tests.
"""
