"""What Outlook makes of the body of an event: HTML rewritten and wrapped, and a preview of its text."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from html.parser import HTMLParser

PREVIEW = 255
VOID = {"br", "hr", "img"}
BLOCKS = {"p", "div", "li", "tr", "h1", "h2", "h3", "h4", "ul", "ol", "table"}
DROPPED = {"script", "style", "head", "title"}
SHELL = {"html", "body", "meta", "link", "!doctype"}
HEAD = '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
FROM_TEXT = (
    HEAD + '\r\n<meta name="Generator" content="Microsoft Exchange Server">\r\n<!-- converted from text -->\r\n'
    "<style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: #800000 2px solid; } --></style>"
    '</head>\r\n<body>\r\n<font size="2"><span style="font-size:11pt;"><div class="PlainText">'
    "{}</div></span></font>\r\n</body>\r\n</html>\r\n"
)


@lru_cache(maxsize=4096)
def rewritten(content: str) -> str:
    """The HTML as Outlook keeps it: tags in lower case, scripts gone, line ends CRLF, wrapped in a document."""
    if not content:
        return ""
    rewriter = _Rewriter()
    rewriter.feed(content)
    rewriter.close()
    inner = re.sub(r"\r?\n", "\r\n", "".join(rewriter.parts).strip())
    return f"{HEAD}\r\n</head>\r\n<body>\r\n{inner}\r\n</body>\r\n</html>\r\n"


def from_text(content: str) -> str:
    """A plain text as the HTML that Outlook makes of it."""
    if not content:
        return ""
    lines = html.escape(content, quote=False).replace("\r\n", "\n").split("\n")
    return FROM_TEXT.replace("{}", "<br>\r\n".join(lines))


def text_of(content: str) -> str:
    """The text in some HTML, one line for each block."""
    reader = _Reader()
    reader.feed(content)
    reader.close()
    lines = (re.sub(r"[ \t\r\n]+", " ", line).strip() for line in "".join(reader.parts).split("\0"))
    return re.sub(r"(\r\n){3,}", "\r\n\r\n", "\r\n".join(lines)).strip()


@lru_cache(maxsize=4096)
def preview(content: str) -> str:
    """`bodyPreview`: the first 255 characters of the text."""
    return text_of(content)[:PREVIEW]


class _Rewriter(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._dropped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            self._dropped += 1
        if self._dropped or tag in SHELL:
            return
        kept = [(name, value or "") for name, value in attrs if not name.startswith("on")]
        told = "".join(f' {name}="{html.escape(value)}"' for name, value in kept)
        self.parts.append(f"<{tag}{told}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in DROPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED:
            self._dropped = max(0, self._dropped - 1)
        elif not self._dropped and tag not in SHELL | VOID:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self.parts.append(html.escape(data, quote=False))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._dropped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            self._dropped += 1
        elif tag == "br" or tag in BLOCKS:
            self.parts.append("\0")

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED:
            self._dropped = max(0, self._dropped - 1)
        elif tag in BLOCKS:
            self.parts.append("\0")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self.parts.append(data)
