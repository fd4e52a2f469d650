"""Libraries that only the extra `emulator` installs."""

from __future__ import annotations


def missing_extra(error: ImportError) -> ImportError:
    """Return the error to raise if a library of the extra `emulator` is not installed."""
    return ImportError(f"the emulator needs {error.name}: pip install 'realtimekit[emulator]'", name=error.name)
