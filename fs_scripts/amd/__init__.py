"""Telling people from answering machines: a tap on the call's audio, a detector, and the loop between them."""
