"""Whether the versions agree: what one of them makes is read through all of them, and must be the same thing.

Each version's module says in its own JSON what a wish is, and says back in plain facts what it was told: ids without
prefixes, money in minor units, times as moments. Facts that a version cannot express stand in specs/lossy.toml, each
with its reason; what is neither equal nor listed there is a disagreement. An outsider: plain HTTP only.
"""
