"""Looks up the digest of a base image, so that a stack can pin it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from components import base_image
from ops import registry
from ops import stack as stacks
from ops.errors import OpsError, UsageError

if TYPE_CHECKING:
    import argparse

    from components.base_image import Reference
    from ops.session import Session
    from ops.stack import Stack


def show(session: Session, options: argparse.Namespace) -> int:
    """Show the reference to pin, and how it compares with the stack's setting."""
    stack, screen = session.stack, session.screen
    in_force = base_image.in_force(stacks.ROOT / "container", stack.settings.base_image)
    wanted = _wanted(stack, options.image or in_force)
    tagged = f"{wanted.name}:{wanted.tag or 'latest'}"
    with screen.progress() as say:
        say(f"Asking for {tagged}", "")
        digest = registry.digest(tagged)
    pinned, state = f"{tagged}@{digest}", _state(base_image.parse(in_force or ""), wanted, digest)
    command = f"pulumi config set --stack {stack.name} base_image {pinned}"
    words, colour = _WORDS[state]
    screen.answer(
        {"reference": pinned, "base_image": in_force, "state": state, "command": command},
        Text(pinned, "bold"),
        Text(words.format(stack=stack.name, image=in_force), colour),
        *([] if state == "current" else [Text(command)]),
    )
    return 0


_WORDS = {
    "current": ("Stack {stack} has it already.", "green"),
    "behind": ("Stack {stack} is behind, with {image}. To take the new one:", "yellow"),
    "not pinned": ("Stack {stack} has {image}, without a digest. To pin it:", "yellow"),
    "another": ("Stack {stack} has another image: {image}. To change:", "yellow"),
}
"""How the stack's base image stands to what was looked up -> what is said, in which colour."""


def _wanted(stack: Stack, text: str | None) -> Reference:
    """Return the image to look up, with the tag that is asked for."""
    if text is None:
        raise OpsError(
            "container/Dockerfile has no ARG BASE_IMAGE=… that could be pinned; "
            f"name an image: {stack.command('base-image IMAGE')}"
        )
    found = base_image.parse(text)
    if found is None:
        raise UsageError(f"{text!r} is no image; it must be such as debian:13-slim")
    if found.digest and not found.tag:
        raise UsageError(
            f"{text} has no tag whose present digest could be looked up; "
            f"name one: {stack.command(f'base-image {found.name}:TAG')}"
        )
    return found


def _state(now: Reference | None, wanted: Reference, digest: str) -> str:
    """Return how the base image in force stands to what was looked up."""
    if now is None or (now.name, now.tag or "latest") != (wanted.name, wanted.tag or "latest"):
        return "another"
    if not now.digest:
        return "not pinned"
    return "current" if now.digest == digest else "behind"
