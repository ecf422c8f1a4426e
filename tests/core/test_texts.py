"""Text that compares by meaning, and fingerprints of what it means."""

import string

from hypothesis import given
from hypothesis import strategies as st

from worker.core.texts import fingerprint_of, one_line, plain_text


def test_a_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    one, other = fingerprint_of({"a": 1, "b": "é"}), fingerprint_of({"b": "é", "a": 1})
    assert one == other
    assert len(one) == 32
    assert set(one) <= set(string.hexdigits.lower())


def test_a_fingerprint_tells_apart_what_differs() -> None:
    meanings: list[object] = [{"a": 1}, {"a": "1"}, {"b": 1}, ["a", 1], {"a": None}, {}]
    assert len({fingerprint_of(meaning) for meaning in meanings}) == len(meanings)


def test_plain_text_keeps_its_lines_and_loses_their_ends() -> None:
    assert plain_text(" a \r\n\r\n b\tc \rd\x00\x7f ", 100) == "a\n\n b\tc\nd"


def test_one_line_is_one_line() -> None:
    assert one_line("  Ann\r\n\tSmith \u00a0 Jr\x00 ", 100) == "Ann Smith Jr"
    assert one_line(None, 100) == ""
    assert one_line("Cafe\u0301", 100) == "Café"


def test_one_line_ends_at_its_limit_and_not_with_a_blank() -> None:
    assert one_line("abc def", 4) == "abc"
    assert one_line("abcdef", 4) == "abcd"
    assert one_line("a" + " " * 500 + "b", 3) == "a"
    assert one_line(" " * 500 + "ab", 3) == "ab"


@given(st.text(st.characters(codec="latin-1"), max_size=60))
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    once = one_line(text, 20)
    assert one_line(once, 20) == once
    assert plain_text(plain_text(text, 20), 20) == plain_text(text, 20)
