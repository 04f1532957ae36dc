"""An AWS on loopback for one process: moto's state, and what moto does not play. Knows no stack."""
