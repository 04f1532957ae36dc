"""What AWS's errors say."""

from botocore.exceptions import ClientError


def code(error: ClientError) -> str:
    """Return AWS's name of an error, such as ThrottlingException."""
    return error.response.get("Error", {}).get("Code", "Unknown")


def message(error: ClientError) -> str:
    """Return what AWS says of an error."""
    return error.response.get("Error", {}).get("Message", "")


def summary(error: ClientError) -> str:
    """Return name and text of an error in one line."""
    return f"{code(error)}: {message(error)}"
