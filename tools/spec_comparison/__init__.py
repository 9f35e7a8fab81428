"""What the differences between two specifications mean for a program that was written against the first one.

document   one specification in a form that no longer shows which version of Swagger or OpenAPI it was written in
swagger2   Swagger 2.0 -> that form; a reader of another format would stand beside it
shapes     a place where a schema stands -> what it demands in all, references and allOf resolved
keywords   one row a schema keyword: how two demands join, and what a change of the demand does
schemas    two places -> findings, all the way down
operations two operations -> differences
report     differences -> a table for people, JSON for programs
accepted   differences that were made on purpose
"""
