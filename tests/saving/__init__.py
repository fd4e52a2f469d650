"""Sessions that are saved."""
