"""Simulates campaigns that put callees through to people, under each pacing."""
