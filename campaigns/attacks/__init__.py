"""Attacks on a running system, a family a module: what was tried, what was accepted (nothing may be), what broke.

jwts.py      access tokens        thrift_bombs.py  internal calls      json_bombs.py  bodies
slow.py      slow clients         http_edges.py    headers, framing    paths.py       request targets
hooks.py     webhook addresses    foreign.py       other parties' objects, generated from the spec
"""
