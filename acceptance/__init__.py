"""A test of a deployed stack: what its schedule `canary` should do, and what came of it."""
