"""What happens without anybody asking: machines' next steps, the spreading of events to webhooks, deliveries.

`loop` claims due work and hands it to threads; `timers` and `outbox` say what the work of their queue is. The process
is `python -m processing.workers`. Knows banks and receivers only through what it is given.
"""
