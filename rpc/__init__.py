"""Thrift over HTTP, both ends: messages, contexts, deadlines, failures, clients and servers.

Must know nothing of payments and nothing of the public API: what is called and where stands in two tables, the IDL in
specs/thrift and the rows of `services.py`. Reading order: failures, context, deadlines, services, client, server.
"""
