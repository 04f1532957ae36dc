"""The simple commands of a shell script: what stands where bash looks for a command.

By tree-sitter's grammar of bash, which reads on behind what is no bash. What `eval`, an alias or a
variable holds is text to it, and a here-document's body but for the substitutions in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import tree_sitter_bash
from tree_sitter import Language, Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

_BASH = Language(tree_sitter_bash.language())
_EXPANDED = "$"
_NO_WORDS = {"variable_assignment", "file_redirect", "heredoc_redirect", "herestring_redirect"}
_ESCAPED = re.compile(r"\\(\n|.)", re.DOTALL)


class Command(NamedTuple):
    """One simple command."""

    words: tuple[str, ...]
    """Unquoted, without assignments in front; `$` stands for what an expansion gives."""
    line: int


def commands(script: str) -> list[Command]:
    """Return the script's simple commands, in the order in which they begin."""
    # A NUL would end the text for tree-sitter; bash passes it over.
    tree = Parser(_BASH).parse(script.replace("\0", "").encode(errors="replace"))
    return [found for node in _nodes(tree.root_node) if (found := _command(node))]


def _nodes(root: Node) -> Iterator[Node]:
    """Yield all nodes, each before those inside of it, however deep those are."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


def _command(node: Node) -> Command | None:
    if node.type != "command":
        return None
    words = [each for each in node.named_children if each.type not in _NO_WORDS]
    if not words:
        return None
    return Command(tuple(map(_text, words)), words[0].start_point.row + 1)


def _text(word: Node) -> str:
    """Return a word as bash hands it on."""
    text = (word.text or b"").decode()
    match word.type:
        case "command_name" | "concatenation" | "string":
            return "".join(map(_text, word.named_children))
        case "raw_string":
            return text[1:-1]
        case "ansi_c_string":
            return text[2:-1]
        case "word" | "number" | "string_content":
            return _ESCAPED.sub(lambda escaped: escaped[1].strip("\n"), text)
        case _:
            return _EXPANDED
