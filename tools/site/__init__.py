"""The documentation site: `make docs` builds it into `site/`, from `docs/` and the docstrings, without a network."""
