"""Values and names that the whole product shares. No behaviour that decides, no input or output."""
