"""The card hunt: card numbers into every field that takes text, then every byte outside the vault is searched.

Every served version is hunted through at once: its fields are read from its document (campaigns/versions/).

numbers.py   the cards            tricks.py  the spellings of a card     cards.py  where each of them went
pushing.py   the requests         filtering.py  the log filter alone, on every card
watching.py  what is seen of the system from outside: calls between processes, webhooks, metrics
searching.py finds a card in bytes, however it is spelled      report.py  the tables
"""
