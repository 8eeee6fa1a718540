"""Measurements: how fast and how punctual, with figures computed by code that is itself tested."""
