"""Privacy: the erasure of a person, retention rules, and the export of all data about a person."""
