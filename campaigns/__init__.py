"""Long experiments on the whole platform, each one command: `python -m campaigns.<name>`. Nothing imports them."""
