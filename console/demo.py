"""`capi demo`: plays a merchant's day against the running system, once in the words of each version, and tells it; then
shows the books and the trace of the last payment.
"""

import argparse
from collections.abc import Sequence

import requests

from console import seed, trace
from console.operator_client import bound_to
from console.story import plot, plot_v3
from console.story.merchant import Refused
from console.story.plot import SCRIPTS, Stage
from console.story.receiver import Receiver
from console.story.telling import Teller
from rpc.failures import RpcFailure
from settings import Settings, SettingsError, load
from settings.versions import Version, served_versions

PLOTS = {"v1": plot.play, "v2": plot.play, "v3": plot_v3.play}
"""Version -> the story in its words; `plot` has a script for each of its two."""


def main(arguments: Sequence[str]) -> int:
    """Runs `capi demo`; 1 and a sentence when the system does not run or the story takes another turn."""
    parser = argparse.ArgumentParser(prog="capi demo", description=__doc__)
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="in the words of these alone, for example v3")
    asked = parser.parse_args(arguments)
    settings = load()
    teller, receiver = Teller(), Receiver()
    try:
        ended = {}
        for version in chosen(asked.versions, settings):
            teller.part(f"The day in the words of {version.name}")
            ended = PLOTS[version.name](stage_of(settings, version), teller, receiver)
        teller.part("What is left of it")
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


def chosen(names: Sequence[str], settings: Settings) -> list[Version]:
    """The versions to play, oldest first: those named, else all that have a plot. SettingsError for an unknown one."""
    playable = [each for each in served_versions(settings) if each.name in PLOTS]
    known = [each.name for each in playable]
    for name in names:
        if name not in known:
            raise SettingsError(f"there is no story in the words of {name}; there is one of {', '.join(known)}")
    return [each for each in playable if not names or each.name in names]


def stage_of(settings: Settings, version: Version) -> Stage:
    """A version's two gateways and the demo party's key. Raises SettingsError before the first start."""
    file = seed.key_file(settings)
    if not file.exists():
        raise SettingsError(f"There is no key in {file} yet. Start the system with `make run` first.")
    host = settings.gateway.host
    return Stage(
        api_url=f"http://{host}:{version.port}{version.base_path}",
        tokens_url=f"http://{host}:{version.tokens_port}{version.base_path}",
        api_key=file.read_text().strip(),
        shop_id=seed.SHOP,
        script=SCRIPTS.get(version.name, SCRIPTS["v2"]),
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
