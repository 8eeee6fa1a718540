"""The callees' voices, made from text."""
