"""Commands for those who work on this repository. Nothing that serves requests imports them."""
