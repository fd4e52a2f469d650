"""The core of the package, over a transport that plays a script: no socket, no emulator, no waiting."""
