"""`capi demo`: one merchant's day with the API, played against the running system and told step by step."""
