"""The engine: one pod and its namespace in; a decision, edits, warnings or a refusal out. Pure."""
