"""Payments under faults: `python -m campaigns.faults [--payments N] [--seed S] [--rate R] [--database WHICH]`.

Every two seconds a process is killed; in between others are paused beyond their leases, lose their masters, live at a
wrong time or on a disk that is full or does not sync, the database is restarted as by a power cut, and the line to the
bank loses and doubles messages, while merchants sell through every version, payers pay, and servers good and bad take
webhooks. Then it is calm, and everything has to come out right: a table says what was looked at and what is wrong. The
seed repeats the load and the faults; what they hit is the operating system's choice.

    system.py     the platform's processes, which it starts, kills, pauses and starts again
    launch.py     starts one whose clock can be set wrong
    line.py       the line to the bank;  balancer.py  what stands before two instances of processing
    disk.py       disks that can be filled;  syncs.py  processes whose syncs fail
    nemesis.py    what is done to all of them and when, from the seed
    client.py     one HTTP call of a merchant, repeated until there is an answer; what was acknowledged
    stories.py    what merchants buy and sell, from the seed;  v1.py, v2.py, v3.py  the same in the words of a version
    payer.py      the payer's browser at the bank's 3-D Secure page
    receivers.py  merchants' servers that take webhooks, good and bad ones
    operator_calls.py  the platform's operator: ledger, stopped machines and what is done with them
    feed.py       the platform's order of everything, folded
    bank.py       the bank's own books
    checks.py     what must hold in the end;  checks_v3.py  what v3 promises beyond;  scene.py  what they look at
    campaign.py   all of it in order; report.py the table at the end

It knows the public API, the operator's Thrift services and the bank's books. It must not read the platform's tables:
what it checks, it checks from outside.
"""
