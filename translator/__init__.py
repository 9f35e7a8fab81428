"""What the versions of the public API share: HTTP on one side, Thrift on the other, a version's tables in between.

    from translator.gateway import create_gateway      # spec + operations + errors -> ASGI app
    from translator.operation import operation, ANY_TOKEN
    from translator.reply import ok, created, accepted, no_content
    from translator.errors import PublicError, Problem, NotFound

Knows no version, no JSON of a version and no payment: a difference between two versions is a row or a function of
theirs.
"""
