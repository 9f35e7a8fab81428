"""v3 of the public API: tables and shapes over the translator; nothing else knows how v3 spells things.

What makes v3 different from v2: resource paths and ids that tell their kind, money as {amount, currency}, refusals as
problems with every violation at once, Idempotency-Key in place of externalID, deadlines that never report a false
failure, ETag and If-Match, cursor lists and `expand`, one string as payment token, payment links for invoice templates,
an events feed whose bytes are those of its webhooks. It has no historic quirks.
"""
