"""Measures the whole product's speed: calls concluded per second, the switch's CPU per call, calls held at once."""
