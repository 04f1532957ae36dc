"""The embedded AWS: the same program, the same function, the same script, on one machine."""
