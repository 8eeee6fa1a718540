"""The language and the decisions of the dialer: pure values and functions, no I/O."""
