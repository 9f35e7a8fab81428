"""How fast the gateway is, and how fast others are at the same work on the same machine: `python -m benches`."""
