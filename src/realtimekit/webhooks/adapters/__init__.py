"""Endpoints in web frameworks: a small module for each, the only one that imports its framework.

Every adapter reads at most the receiver's `max_body` bytes of a body, and passes the raw bytes on.
"""
