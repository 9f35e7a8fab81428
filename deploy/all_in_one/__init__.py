"""The whole platform on one machine with one command: `python -m deploy.all_in_one`, which is what `make run` starts.

preflight -> first start (directories, keys) -> every service as its own process, ready in turn -> demo party
-> summary.
Knows processes, ports and files; nothing of payments beyond the request it prints for copying.
"""
