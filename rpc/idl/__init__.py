"""Thrift's interface language: text -> tokens -> tree -> run-time classes.

    lexer -> parser -> tree -> loading (includes) -> building (classes, checks, services)

Must not know where files come from beyond a path, nor anything of HTTP.
"""
