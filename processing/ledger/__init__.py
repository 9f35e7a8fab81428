"""Double entry. A plan is a list of batches of postings: held first, then committed or rolled back, once.

`plans` holds the rules, pure; `book` keeps accounts, plans and entries through the transaction that it is given;
`invariants` is asked before every write and after every read. It knows nothing of payments, HTTP or Thrift.
"""
