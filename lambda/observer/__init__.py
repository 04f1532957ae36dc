"""The observer: what became of each attempt, what comes next, and who is told."""
