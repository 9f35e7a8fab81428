"""`python -m campaigns.card_hunt [--cards N] [--seed S]`: exit status 0 when no card and no CVV was found."""

import argparse
import sys

from campaigns.card_hunt.hunt import hunt

CARDS = 100_000
"""Enough for every variant of every body of every version."""


def main() -> int:
    """Runs the hunt and prints its tables."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.card_hunt", description=__doc__)
    parser.add_argument("--cards", type=int, default=CARDS, help="how many card numbers to send")
    parser.add_argument("--seed", type=int, default=1, help="the same seed sends the same cards in the same places")
    asked = parser.parse_args()
    table, found = hunt(asked.cards, asked.seed, say=lambda text: print(text, file=sys.stderr, flush=True))
    print(table)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
