"""Telling merchants what happened: signed, in order per invoice, to addresses that are theirs and not ours.

A committed change reaches `fanout` through the platform's outbox. It becomes an event with the exact bytes to be sent
(`bodies`, `public_events`) and a delivery for each hook that asked for it (`hooks`, `deliveries`), which waits in a
line (`lines`). A look at a line (`delivery`) tells what is due there: the URL is checked (`addresses`, `resolving`),
the bytes are signed (`signing`, `standard_signing`) and posted (`sender`). How a receiver fares decides how it is
tried (`receivers`).

Knows no Thrift and no version of the public API: the words of a message are the webhooks' own.
"""
