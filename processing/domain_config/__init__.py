"""Business configuration with versions: nothing is edited in place, each commit makes the next version.

`objects` says what there is, `repository` keeps the versions, `references` refuses what would point nowhere,
`configuration` is what the rest of the platform reads, `seeding` makes version 1 from the documents in seed/.
"""
