"""Starts everything a developer, the demo and the tests need, privately: on free ports, with random secrets."""
