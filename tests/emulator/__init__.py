"""Tests of the emulator, through its wire: the SDK takes no part in them."""
