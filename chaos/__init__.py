"""Kills, stops and freezes the parts of a running campaign, and lets the verifier judge what came of it."""
