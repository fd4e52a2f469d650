"""Tests of the emulator over HTTP, without the SDK."""
