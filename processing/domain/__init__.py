"""The rules of payments, pure: no clock, no I/O, no Thrift, no SQL.

Read in this order: `state` (what an invoice is), `commands` (what may be asked), `events` (what happened), `invoice`
(decide, apply, replay, next_step: the front door of everything else), `ledger_moves` (what an event means in money),
`public_changes` (what an event means in a merchant's words).

Field names follow the IDL in specs/thrift, so that translation to Thrift is mechanical. A union of the IDL is a union
of structs here, tagged with the name that the field has in the IDL.
"""
