"""What ends a command: a message with the way out, and the status of the process."""


class OpsError(Exception):
    """Something that an operator has to know; the message says the way out."""

    status = 1
    """Of the process."""


class UsageError(OpsError):
    """An argument that fits nothing in this stack."""

    status = 2
