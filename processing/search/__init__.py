"""Finding invoices, payments and refunds of a shop by what is known of them.

`projection` keeps one row an object, in the transaction that changed the object: a search never lags behind. `queries`
reads pages of rows, newest first; `tokens` says where a page ended. Knows no Thrift, and nothing of who asks.
"""
