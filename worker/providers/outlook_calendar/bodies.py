"""A description as the HTML of an event's body, and back, whatever Outlook makes of the HTML in between."""

import html
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

TAB, SPACE = "\u2003", "\u2005"
"""What a tab and a space that HTML would swallow are sent as: wide and narrow blanks, which it keeps."""

_SWALLOWED = re.compile(r"(?<= ) |^ ", re.MULTILINE)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_UNSEEN = frozenset({"head", "style", "script", "title"})
_BLOCKS = frozenset(
    {
        "address",
        "article",
        "blockquote",
        "body",
        "div",
        "dd",
        "dl",
        "dt",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
    }
    | {"h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"}
)


def html_of(text: str) -> str:
    """One ``div`` for each line, as Outlook writes lines itself; nothing for no text."""
    kept = _SWALLOWED.sub(SPACE, html.escape(text, quote=False).replace("\t", TAB))
    return "".join(f"<div>{line or '<br>'}</div>" for line in kept.split("\n")) if text else ""


def text_of(body: Mapping[str, Any]) -> str:
    """The text of an event's ``body``: its lines, without what only decorates them."""
    content = str(body.get("content") or "")
    if str(body.get("contentType", "")).lower() == "text":
        return content
    reader = _Reader()
    reader.feed(content)
    reader.close()
    return "\n".join(reader.lines_read()).replace(TAB, "\t").replace(SPACE, " ")


class _Reader(HTMLParser):
    """Breaks lines where a browser does: at ``br`` and around blocks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._unseen = 0

    def lines_read(self) -> list[str]:
        self._end_block()
        return self._lines

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self._end_line()
        elif tag in _BLOCKS:
            self._end_block()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self._end_block()

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            shown = _BLANKS.sub(" ", data)
            self._line += shown.lstrip(" ") if not self._line or self._line.endswith(" ") else shown

    def _end_line(self) -> None:
        self._lines.append(self._line.rstrip(" "))
        self._line = ""

    def _end_block(self) -> None:
        if self._line.strip(" "):
            self._end_line()
        self._line = ""
