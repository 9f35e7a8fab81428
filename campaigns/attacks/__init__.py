"""Attacks on a running system, a kind a module: what was tried, what was accepted (nothing may be), what broke.

Every kind is played on every served version; what a version's document does not have is not attacked there.

    jwts.py       access tokens                      foreign.py    other parties' ids in every place of every operation
    json_bombs.py bodies                             payers.py     payers' tokens on what is the merchant's
    http_edges.py headers, framing                   prefixes.py   ids of another kind or spelling
    paths.py      request targets                    keys.py       other people's idempotency keys
    slow.py       slow clients                       cursors.py    cursors: other people's, forged
    hooks.py      webhook addresses                  expanding.py  objects reached through others
    thrift_bombs.py  internal calls                  replays.py    other people's events for one's own webhooks
                                                     etags.py      versions of objects that one has not seen

scene.py: what is attacked, and by whom      tally.py: the counts
"""
