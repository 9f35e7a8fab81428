"""Durable tables behind one port: what a database must do, SQLite as the first that does, events and jobs upon it.

    from processing.storage.port import Database, Tx
    from processing.storage.sqlite import SqliteDatabase

Knows nothing of payments: a machine here is an id with a history, a job is a key with a time.
"""
