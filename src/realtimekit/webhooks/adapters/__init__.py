"""Endpoints in web frameworks: one small module for each, which alone imports the framework.

All read no more of a body than the receiver's `max_body`, and hand it over as it came.
"""
