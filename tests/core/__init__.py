"""Tests of the core over a scripted transport: no socket, no emulator, no waiting."""
