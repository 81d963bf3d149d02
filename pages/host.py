"""One host."""
