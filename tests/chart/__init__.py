"""The chart's values as types, what is made from them, and the tests that need no cluster."""
