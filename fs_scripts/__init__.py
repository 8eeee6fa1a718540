"""What runs inside the switch: one thread per call, all of them in one interpreter (docs/call_scripts.md)."""
