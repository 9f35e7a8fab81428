"""The sandbox's cards, from the mock bank's table."""

from itertools import groupby

from processing.banks.mock.cards import TABLE


def markdown() -> str:
    """A table for each group of cards."""
    parts = []
    for group, cards in groupby(TABLE, key=lambda card: card.group):
        rows = "\n".join(f"| `{card.number}` | {card.does} |" for card in cards)
        parts.append(f"### {group}\n\n| number | what it does |\n| --- | --- |\n{rows}")
    return "\n\n".join(parts)
