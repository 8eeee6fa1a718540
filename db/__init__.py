"""What the dialer remembers: PostgreSQL, Redis and the spool. One module per noun, the connection comes first."""
