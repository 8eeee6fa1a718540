"""One module per foreign system; each speaks its protocol and translates its codes through one table."""
