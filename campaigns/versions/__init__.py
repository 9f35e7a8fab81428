"""The served versions as somebody sees them who has the published documents and a network.

published.py  a document of either format: its operations, and where each of them takes text
bodies.py     the fullest body of an operation       table.py  what differs between the versions, a row each
asking.py     one request of an operation, as bytes
"""
