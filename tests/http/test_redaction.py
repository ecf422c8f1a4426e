"""What errors and logs must not show."""

import pytest

from worker.http.redaction import LONGEST, redacted


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer ya29.a0AfH6SMBx", "a0AfH6SMBx"),
        ("{'authorization': 'Bearer abcdef.ghi'}", "abcdef.ghi"),
        ("sent bearer abcdefgh", "abcdefgh"),
        ("Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("refresh_token=1//0gabc&client_id=x", "0gabc"),
        ('{"refresh_token": "1//0gabc", "a": 1}', "0gabc"),
        ('{"client_secret": "GOCSPX-abc"}', "GOCSPX"),
        ("api_key=fc_live_123", "fc_live_123"),
        ("key fc_live_123 is wrong", "fc_live_123"),
        ("token ya29.a0AfH6SMBx expired", "a0AfH6SMBx"),
        ("whsec_abcDEF", "abcDEF"),
        ("the key vs_live_abcDEF opens it", "abcDEF"),
        ("eyJhbGciOi.eyJpc3MiOi.c2ln", "eyJpc3MiOi"),
        ("GET https://x.example/a?syncToken=CPDAlvWDx70C&q=1", "CPDAlvWDx70C"),
        ("https://user:pass@x.example/a", "pass"),
        ("redis://:hunter2@x.example:6379/0", "hunter2"),
        ("mail to tech1@example.com", "tech1"),
        ("GET /calendars/tech1%40example.com/events", "tech1"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----", "MIIEvQ"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ", "MIIEvQ"),
    ],
)
def test_secrets_and_addresses_are_hidden(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redacted(text)
    assert "[hidden]" in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "The specified time range is empty.",
        "[Errno 111] Connection refused",
        "Visit vis_1 at 10:00",
        "https://x.example/a",
    ],
)
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert redacted(text) == text


def test_long_texts_are_cut() -> None:
    assert len(redacted("x " * 10_000)) == LONGEST
