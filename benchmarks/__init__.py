"""Benchmarks: `python -m benchmarks`. What they measure, and what came out, is in README.md."""
