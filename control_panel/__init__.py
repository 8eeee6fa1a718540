"""The web panel: where people prepare campaigns, start them, watch them and read their results."""
