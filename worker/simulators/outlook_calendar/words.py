"""Sets of names written as a line of text."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())
