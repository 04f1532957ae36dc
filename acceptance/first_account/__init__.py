"""What AWS's documents leave open: questions, each with what looks at a deployed stack."""

# It lets the functions' own code be imported.
import ops  # noqa: F401 # pyright: ignore[reportUnusedImport]
