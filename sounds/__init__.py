"""The built-in prompts of a call, in Russian and English, and the scripts that make them from text."""
