"""The Thrift faces of the platform, a module a service: who asks, what is asked, the answer. Rules live elsewhere.

`wire/` holds the translation between our values and those of the IDL. A handler raises refusals of the domain;
`wire.refusals.answering` turns them into exceptions of the IDL.
"""
