"""v2 of the public API: tables and shapes over the translator; nothing else knows how v2 spells things.

What makes v2 different from v1: externalID makes creations idempotent (409 names the first object), X-Request-Deadline
bounds a request, failures of payments are nested codes, captures and refunds may be partial, templates have details of
one line or a cart, and parties, chargebacks, countries and trade blocs can be read. Its quirks, kept because
integrators rely on them: 401 has an empty body and also means "not allowed", a denied read is a 404, and a code is
spelt `insufficentAccountBalance`.
"""
