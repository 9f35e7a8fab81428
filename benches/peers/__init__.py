"""The same work in other frameworks, each as its own documentation would have it done, none of it handicapped.

Every peer validates the whole body, checks the RS256 token (and remembers that it did), makes one call to the platform
and answers. None of them logs, counts, traces, signs, or keeps deadlines: what ours does beyond them is its own cost.
"""
