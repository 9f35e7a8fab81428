"""Code samples: each operation of each version in five languages, written from the spec's own examples.

A sample is a whole program. What differs from reader to reader (keys, ids, addresses) it takes from the environment,
so the tests run the very text that is published.
"""
