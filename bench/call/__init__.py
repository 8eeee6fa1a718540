"""Measures what one call costs in our own code: the hangup hook, the scheduler, and what grows with many calls."""
