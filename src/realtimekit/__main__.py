"""`python -m realtimekit` is the command `realtimekit`."""

from realtimekit.cli import main

if __name__ == "__main__":
    main()
