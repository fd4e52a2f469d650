"""What is run by hand or by make: it is no part of the package."""
