"""The simple commands of a shell script: what stands where bash looks for a command.

Not a parser: it follows bash's quoting, comments, here-documents, substitutions and case patterns
just far enough to tell a command from text. What a here-document's body, `eval`, an alias or a
variable holds is text to it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_RESERVED = {"if", "then", "elif", "else", "while", "until", "do", "time", "!", "{", "}"}
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[[^]]*\])?\+?=.*", re.DOTALL)
_REDIRECTION = re.compile(r"\d*(&>>?|[<>]&-|[<>]&|>\||<>|>>|[<>](?!\())")
_HEREDOC = re.compile(r"\d*<<(-?)[ \t]*(['\"\\]?)([^\s'\"\\;&|()<>]+)['\"]?")
_EXPANDED = "$"


class Command(NamedTuple):
    """One simple command."""

    words: tuple[str, ...]
    """Unquoted, without assignments in front; `$` stands for what an expansion gives."""
    line: int


def commands(script: str) -> list[Command]:
    """Return the script's simple commands, in the order of their lines."""
    return sorted(_Scanner(script).run(), key=lambda command: command.line)


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._found: list[Command] = []
        self._words: list[tuple[int, str]] = []
        """Of the command that is being read: where each begins, and its text."""
        self._end = ")"
        """What ends the list that is being read."""
        self._bodies: list[tuple[str, bool]] = []
        """Here-documents that begin with the next line: delimiter, and whether tabs go."""

    def run(self) -> list[Command]:
        while self._at < len(self._text):
            self._list()
            self._at += 1  # a parenthesis that nothing opened
        return self._found

    def _list(self) -> None:
        """Read commands up to the end of the list, and leave that unread."""
        cases = 0
        while (char := self._peek()) and char != self._end:
            if self._redirection() or self._blank(char):
                continue
            if char in ";&|\n":
                in_case = cases and self._ahead(";;", ";&")
                self._separator(char)
                if in_case and not self._pattern():
                    cases -= 1
            elif char == "(":
                self._parenthesis()
            else:
                self._words.append((self._at, self._word()))
                cases += self._compound()
        self._command()

    def _blank(self, char: str) -> bool:
        """Skip a blank, a continued line's end, a comment; return whether there was one."""
        if self._ahead("\\\n"):
            self._at += 2
        elif char == "#":
            self._skip_to("\n")
        elif char in " \t\r" or (char == ")" and self._end != ")"):
            self._at += 1
        else:
            return False
        return True

    def _command(self) -> None:
        """Close the command that is being read."""
        if words := self._bare():
            line = self._text.count("\n", 0, self._words[0][0]) + 1
            self._found.append(Command(tuple(words), line))
        self._words = []

    def _bare(self) -> list[str]:
        words = [word for _, word in self._words]
        while words and (words[0] in _RESERVED or _ASSIGNMENT.fullmatch(words[0])):
            words.pop(0)
        return words

    def _compound(self) -> bool:
        """Deal with what is no simple command; return whether a case begins."""
        match self._bare():
            case ["case", _, "in"]:
                self._words = []
                return self._pattern()
            case ["[["]:
                while self._peek() and not self._ahead("]]"):
                    self._part()
            case ["function", _, "{"]:
                self._words = []
            case _:
                pass
        return False

    def _separator(self, char: str) -> None:
        self._command()
        self._at += 1
        if char == "\n":
            for delimiter, tabs in self._bodies:
                self._skip_body(delimiter, tabs=tabs)
            self._bodies = []
        while char != "\n" and self._peek() in (";", "&", "|") and not self._ahead("&>"):
            self._at += 1

    def _skip_body(self, delimiter: str, *, tabs: bool) -> None:
        while self._at < len(self._text):
            line = self._text[self._at :].partition("\n")[0]
            self._at += len(line) + 1
            if (line.lstrip("\t") if tabs else line) == delimiter:
                return

    def _pattern(self) -> bool:
        """Skip a case's next pattern; return whether there is one, and not the case's end."""
        while (char := self._peek()) and (char in "\n(" or self._blank(char)):
            self._at += char in "\n("
        if not char or re.compile(r"esac\b").match(self._text, self._at):
            return False
        while self._peek() not in ("", ")"):
            self._part()
        self._at += 1
        return True

    def _parenthesis(self) -> None:
        """Read a subshell, an arithmetic command, or the empty pair behind a function's name."""
        if self._ahead("(("):
            self._skip_balanced()
        elif self._words and self._ahead("()"):
            self._words = []
            self._at += 2
        else:
            self._nested(")")

    def _redirection(self) -> bool:
        """Skip a redirection, note a here-document; return whether there was one."""
        if heredoc := _HEREDOC.match(self._text, self._at):
            self._bodies.append((heredoc[3], heredoc[1] == "-"))
            self._at = heredoc.end()
            return True
        found = re.compile("<<<").match(self._text, self._at)
        found = found or _REDIRECTION.match(self._text, self._at)
        if not found:
            return False
        self._at = found.end()
        if not found[0].endswith("-"):
            while self._peek() in (" ", "\t"):
                self._at += 1
            self._word()
        return True

    def _word(self) -> str:
        parts: list[str] = []
        while (char := self._peek()) and char not in " \t\n;&|<>)" and char != self._end:
            if char == "(" and not (parts and parts[-1] == "="):
                break
            parts.append(self._part())
        if not parts and self._ahead("<(", ">("):
            self._at += 1
            self._nested(")")
            return _EXPANDED
        return "".join(parts)

    def _part(self, *, plain: str = "") -> str:
        """Read a piece of a word: a character, a quoted string, an array or an expansion.

        Args:
            plain: characters that mean nothing else here.
        """
        char = self._text[self._at]
        if char == "\\":
            self._at += 2
            return self._text[self._at - 1 : self._at].strip("\n")
        if char == "$":
            return self._expansion()
        if char == "`" and self._end != "`":
            self._nested("`")
        elif char == "(" and char not in plain:  # an array's elements, a pattern's group
            self._until(")")
        elif char == '"' and char not in plain:
            return self._until('"', plain="'(")
        elif char == "'" and char not in plain:
            begin = self._at + 1
            self._at = begin
            self._skip_to("'")
            self._at += 1
            return self._text[begin : self._at - 1]
        else:
            self._at += 1
            return char
        return _EXPANDED

    def _expansion(self) -> str:
        self._at += 1
        if self._ahead("(("):
            self._skip_balanced()
        elif self._ahead("("):
            self._nested(")")
        elif self._ahead("{"):
            self._until("}", plain="(")
        elif self._ahead("'"):
            self._at += 1
            while self._peek() not in ("", "'"):
                self._at += 2 if self._ahead("\\") else 1
            self._at += 1
        return _EXPANDED

    def _until(self, end: str, *, plain: str = "") -> str:
        """Read from an opening character to the closing one, and return what is between."""
        self._at += 1
        parts: list[str] = []
        while self._peek() not in ("", end):
            parts.append(self._part(plain=plain))
        self._at += 1
        return "".join(parts)

    def _nested(self, end: str) -> None:
        """Read a list of commands of its own, from its opening character to its closing one."""
        outer, self._words = self._words, []
        outer_end, self._end = self._end, end
        self._at += 1
        self._list()
        self._at += 1
        self._words, self._end = outer, outer_end

    def _skip_balanced(self) -> None:
        depth = 0
        while char := self._peek():
            depth += (char == "(") - (char == ")")
            self._at += 1
            if depth == 0:
                return

    def _skip_to(self, char: str) -> None:
        found = self._text.find(char, self._at)
        self._at = len(self._text) if found < 0 else found

    def _ahead(self, *starts: str) -> bool:
        return self._text.startswith(starts, self._at)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]
