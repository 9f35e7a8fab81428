"""A bank that is not ours: a simulator of a card acquirer, a process of its own (`python -m processing.banks.mock`).

It stands where a real bank would stand, so it knows nothing of the platform: it imports none of the platform's code
beyond the leaf packages for settings, logs and serving, keeps its own books in its own SQLite file, and speaks its own
HTTP/JSON protocol (described in `app.py`). What a card does is told by its number: `cards.py` is the table.

    cards.py   the magic card numbers          codes.py    response codes and their texts
    bank.py    the rules of money              books.py    the tables on disk
    money.py   decimal amounts, currencies     wire.py     JSON in and out
    app.py     HTTP routes                     delivery.py answers that go wrong on purpose
    acs.py     the 3-D Secure page             notices.py  signed calls to the merchant
    clockwork.py  what falls due by itself     config.py   settings and secrets
"""
