"""Banks: the adapter protocol (`protocol.py`), the list of adapters (`adapters.py`), a folder per adapter.

Adapters run in the vault's process, the only one that may see a card number. `mock/` is no adapter but a bank: a
foreign system that happens to live in this repository, so that there is something to pay with. Importing this package
imports none of them.
"""
