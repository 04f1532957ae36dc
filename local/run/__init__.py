"""One slot on this machine: what `make local` does and shows."""
