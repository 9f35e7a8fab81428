"""The documentation: a reference per version made from its bundled spec, guides, pages made from the code's own tables.

`python -m docs_site` serves it, `python -m docs_site.build DIRECTORY` writes it as static files. Imports no version by
name: versions come from specs/versions.toml, their tables are found by the version's name.
"""
