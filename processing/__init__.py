"""The reference platform: what stands behind the public API.

It knows no public API, no HTTP and no version of either. Its parts, from the inside out:

- `domain`: pure rules. An invoice with its payments, refunds and chargebacks is one machine: commands are decided
  into events, events are applied into state.
- `ledger`: double entry. Plans of postings are held, then committed or rolled back.
- `machine`, `effects`, `storage`, `workers`: what gives the pure part its memory, its hours and its hands.
- `services`: the Thrift face, thin; `services/wire` translates domain values to and from Thrift.
"""
