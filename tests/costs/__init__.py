"""Tests of `realtimekit.costs`, and of what reads it from the API."""
