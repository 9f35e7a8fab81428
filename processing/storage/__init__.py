"""Durable tables behind one port: what a database must do, SQLite and PostgreSQL that do, events and jobs upon it.

    from processing.storage.port import Database, Tx
    from processing.storage.sqlite import SqliteDatabase         # one machine
    from processing.storage.postgres import PostgresDatabase     # any number of processes on any number of machines

Knows nothing of payments: a machine here is an id with a history, a job is a key with a time.
"""
