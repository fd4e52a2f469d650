"""Forgetting, on purpose: the erasure of a person, retention rules, and what is handed out about somebody."""
