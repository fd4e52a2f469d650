"""Artifacts of a session: parsing files, and downloading them."""
