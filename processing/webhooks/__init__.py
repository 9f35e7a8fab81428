"""Telling merchants what happened: signed, in order per invoice, to addresses that are theirs and not ours.

A committed change reaches `fanout` through the platform's outbox. It becomes an event with the exact bytes to be sent
(`bodies`) and a delivery for each hook that asked for it (`hooks`, `deliveries`). Each delivery is a job (`delivery`):
the URL is checked (`addresses`, `resolving`), the bytes are signed (`signing`, `keys`) and posted (`sender`).

Knows no Thrift and no version of the public API: the words of a message are the webhooks' own.
"""
