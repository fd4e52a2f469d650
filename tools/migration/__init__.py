"""The tables of the migration guides: what a program calls elsewhere, and here. `make migration` writes them."""
