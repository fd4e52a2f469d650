"""The transports: one set of tests for all of them."""
