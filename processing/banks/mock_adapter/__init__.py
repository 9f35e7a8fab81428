"""The adapter of the mock bank, written as if that bank were foreign: nothing is shared but its documented protocol.

adapter.py decides, wire.py translates, failures.py maps the bank's codes, connection.py talks, callbacks.py listens.
"""
