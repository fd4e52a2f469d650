"""One file for each class of the API, named after it. ARCHITECTURE.md has the pattern of a new one."""
