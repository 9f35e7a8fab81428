"""v2's own words: shapes, errors, features, and the behaviour of single operations."""
