"""v1 of the public API: tables and shapes over the translator; nothing else knows how v1 spells things.

The first version, kept as it always was for those who built on it; it gets nothing new. Each creation makes a new
object, no header bounds a request, failures of payments are flat, captures take everything, templates sell one thing,
searches go by offset. Its oddities and their reasons are the table "Oddities" in specs/v1/openapi.yaml, and what
becomes of objects that newer versions made is the table after it; tests/contract/v1 holds both true.
"""
