"""What errors and logs must not show: secrets and personal data."""

import re

HIDDEN = "[hidden]"
LONGEST = 500
"""Characters of another side's words that are worth keeping."""

_NAMES = (
    r"access_token|refresh_token|id_token|token|assertion|client_secret|api[-_]?key|x-api-key|password|secret|code|"
    r"private_key|signature"
)
_PATTERNS = (
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|\Z)", re.DOTALL), HIDDEN),
    (re.compile(r"(?i)\b(authorization|cookie|set-cookie)([\"']?\s*[:=]\s*)[^\r\n,;}]+"), rf"\1\2{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@]+@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s?#\"'<>]*)\?[^\s\"'<>]*", re.IGNORECASE), rf"\1?{HIDDEN}"),
    (re.compile(rf"(?i)\b({_NAMES})(\"|')?(\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s&,;\"'}}]+)"), rf"\1\2\3{HIDDEN}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?"), HIDDEN),
    (re.compile(r"\b(ya29\.|1//|fc_live_|fc_test_|vs_live_|whsec_)[A-Za-z0-9._/-]+"), HIDDEN),
    (re.compile(r"[A-Za-z0-9._+-]+(@|%40)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"), HIDDEN),
)


def redacted(text: object) -> str:
    """``text`` in at most ``LONGEST`` characters, without credentials, tokens, e-mail addresses and query strings."""
    plain = str(text)
    for pattern, instead in _PATTERNS:
        plain = pattern.sub(instead, plain)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
