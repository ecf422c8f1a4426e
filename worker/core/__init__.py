"""The decisions of a sync, pure: no I/O, no clock, no third-party imports."""
