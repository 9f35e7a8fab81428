"""Sequences of two or more calls that several versions need: Thrift in, Thrift out. Knows no version and no JSON."""
