"""What Amazon Q Developer shows in a chat: AWS's own events, and notifications of this form.

Any other text that a topic brings it drops in silence.
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

from collections.abc import Sequence
from typing import Any

LONGEST_TEXT = 8_000
"""Characters of a notification's description; its title has 250."""

_NO_MARKUP = str.maketrans("`<>", "'()")
"""What Slack and Teams would take for the end of a block, a mention of everybody or a link."""


def notification(title: str, text: str, next_steps: Sequence[str] = ()) -> dict[str, Any]:
    """Return a notification: markup of the chat's own is shown as such."""
    content = {"textType": "client-markdown", "title": title, "description": text}
    steps = {"nextSteps": [*next_steps]} if next_steps else {}
    return {"version": "1.0", "source": "custom", "content": {**content, **steps}}


def block(text: str) -> str:
    """Return foreign text so that nothing of it is markup; of a longer one begin and end."""
    shown, room = text.translate(_NO_MARKUP), LONGEST_TEXT - len("```\n\n```")
    if len(shown) > room:
        half = room // 2 - len("\n…\n")
        shown = f"{shown[:half]}\n…\n{shown[-half:]}"
    return f"```\n{shown}\n```"
