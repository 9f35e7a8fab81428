"""`capi demo`: plays a merchant's day against the running system and tells it; then shows the books and the trace."""

import argparse
from collections.abc import Sequence

import requests

from console import seed, trace
from console.operator_client import bound_to
from console.story.merchant import Refused
from console.story.plot import Stage, play
from console.story.receiver import Receiver
from console.story.telling import Teller
from rpc.failures import RpcFailure
from settings import Settings, SettingsError, load
from settings.versions import served_versions


def main(arguments: Sequence[str]) -> int:
    """Runs `capi demo`; 1 and a sentence when the system does not run or the story takes another turn."""
    parser = argparse.ArgumentParser(prog="capi demo", description=__doc__)
    parser.parse_args(arguments)
    settings = load()
    teller, receiver = Teller(), Receiver()
    try:
        ended = play(stage_of(settings), teller, receiver)
        show_ledger(settings, teller)
        show_trace(ended["requestID"], teller)
    except (requests.ConnectionError, RpcFailure) as failure:
        return refuse(teller, f"The system does not answer ({type(failure).__name__}). Start it with `make run` first.")
    except (Refused, TimeoutError, RuntimeError) as turn:
        return refuse(teller, f"The story took another turn: {turn}")
    finally:
        receiver.close()
    teller.note("")
    teller.note("The end. Everything above happened over HTTP as any merchant's program would do it.")
    return 0


def stage_of(settings: Settings) -> Stage:
    """The newest version's two gateways and the demo party's key. Raises SettingsError before the first start."""
    file = seed.key_file(settings)
    if not file.exists():
        raise SettingsError(f"There is no key in {file} yet. Start the system with `make run` first.")
    version = served_versions(settings)[-1]
    host = settings.gateway.host
    return Stage(
        api_url=f"http://{host}:{version.port}{version.base_path}",
        tokens_url=f"http://{host}:{version.tokens_port}{version.base_path}",
        api_key=file.read_text().strip(),
        shop_id=seed.SHOP,
    )


def show_ledger(settings: Settings, teller: Teller) -> None:
    """The whole ledger, summed from its entries. Raises RuntimeError when it is not zero."""
    teller.step("The books", "Every balance rebuilt from its entries; per currency everything must come to zero.")
    totals = bound_to(settings).ledger.Verify()
    teller.table(
        ("currency", "sum", "pending", "accounts", "posted plans", "open plans"),
        [(t.currency, t.own_amount, t.pending_amount, t.accounts, t.committed_plans, t.open_plans) for t in totals],
    )
    if any(total.own_amount or total.pending_amount for total in totals):
        raise RuntimeError("the ledger does not come to zero")


def show_trace(request_id: str, teller: Teller) -> None:
    """The payment's way from the HTTP request to the bank and the webhook, by one id."""
    teller.step("One trace", "The payment's request, everything it caused inside, at the bank and at the webhook.")
    teller.note(f"./capi trace {request_id}")
    trace.main([request_id])


def refuse(teller: Teller, sentence: str) -> int:
    """The sentence, and the exit status that goes with it."""
    teller.note("")
    teller.note(sentence)
    return 1
