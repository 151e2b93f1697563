"""Changes the engine's decisive modules, one place at a time, and expects the tests to notice.

`python -m tests.mutation` lists the changes that no test noticed; each of those that remain is in
`survivors.md` with the reason why it changes nothing.
"""
