"""The clock of the dialer: dial loop, witness, reconciliation, outboxes, and the one Event Socket client."""
