"""`capi keys issue|list|revoke`: the API keys of parties.

A key is an access token (contract section 3.6): signed here with the platform's signing key, registered with the
platform under its id (jti), shown once and stored nowhere.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from console.operator_client import bound_to
from console.table import aligned
from rpc.protocol import access_keys
from settings import Settings, SettingsError, load
from settings.clock import Clock, system_clock
from translator.access_tokens import AccessTokens
from translator.authorization import BadRole, parse_role
from translator.keyset import KeyRefused, load_keyset
from translator.revocations import Revocations

MERCHANT_ROLES = ("party:read", "party:write", "invoices:read", "invoices:write")
REVOKED_EVERYWHERE_S_MAX = 25.0
"""Longer than the register waits for a gateway that has fallen silent."""

POLL_S = 0.2

HELP = """\
A key acts for one party, and only as its roles say. A role is <scope>:<read|write>; a scope is resources with an id or
nothing between them: invoices:read, invoices.42.payments:write, party.*.invoice_templates:read. The deepest role that
fits decides alone. Without --roles a key gets what a merchant needs: {roles}
(cards are tokenised with an invoice's own access token, not with a key).
""".format(roles=" ".join(MERCHANT_ROLES))
EXAMPLES = """\
examples:
  capi keys issue --party demo --days 90 --name "web shop"
  capi keys issue --party demo --roles invoices:read
  KEY=$(capi keys issue --party demo)
  capi keys list --party demo
  capi keys revoke 0f8fad5bd9cb469fa16570867728950e
"""


def main(arguments: Sequence[str]) -> int:
    """Runs `capi keys ...`."""
    asked = parser().parse_args(arguments)
    settings = load()
    return asked.act(asked, settings, bound_to(settings))


def parser() -> argparse.ArgumentParser:
    """The three commands and their options."""
    top = argparse.ArgumentParser(
        prog="capi keys", description=HELP, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(required=True, metavar="issue|list|revoke")
    issue = commands.add_parser("issue", help="make a key; it is printed once")
    issue.add_argument("--party", required=True, help="id of the party it acts for")
    issue.add_argument("--roles", nargs="+", default=MERCHANT_ROLES, metavar="ROLE", help="what it may do")
    issue.add_argument("--days", type=positive, help="its life in days; unlimited without")
    issue.add_argument("--name", help="what it is for, shown by `list`")
    issue.set_defaults(act=act_issue)
    shown = commands.add_parser("list", help="the keys there are, newest first")
    shown.add_argument("--party", default="", help="of this party only")
    shown.set_defaults(act=act_list)
    revoke = commands.add_parser("revoke", help="end a key or any other access token at once")
    revoke.add_argument("jti", help="its id, as `list` shows it")
    revoke.set_defaults(act=act_revoke)
    return top


def positive(text: str) -> int:
    """A number of days."""
    if not text.isdigit() or not 0 < int(text) <= 36500:
        raise argparse.ArgumentTypeError("must be a number of days, 1 to 36500")
    return int(text)


def act_issue(asked: argparse.Namespace, settings: Settings, platform: Any) -> int:
    """Prints the key on standard output, alone, so that a shell can catch it; the rest goes to standard error."""
    for role in asked.roles:
        try:
            parse_role(role)
        except BadRole as refusal:
            print(f"capi: {refusal}.", file=sys.stderr)
            return 1
    token, key = issued(settings, platform, asked.party, asked.roles, days=asked.days, name=asked.name)
    print(token, flush=True)
    print(f"key {key.id} of party {key.party_id}, expires: {key.expires_at or 'never'}", file=sys.stderr)
    return 0


def issued(
    settings: Settings,
    platform: Any,
    party_id: str,
    roles: Sequence[str],
    *,
    days: int | None = None,
    name: str | None = None,
    clock: Clock = system_clock,
) -> tuple[str, access_keys.AccessKey]:
    """A registered key and its entry. `days`: None for an unlimited one. Raises SettingsError without a signing key."""
    now = clock()
    lifetime = timedelta(days=days) if days else None
    tokens = signer(settings, clock)
    token, key_id = tokens.issue(party_id, roles, lifetime_s=int(lifetime.total_seconds()) if lifetime else None)
    key = access_keys.AccessKey(
        id=key_id,
        party_id=party_id,
        roles=list(roles),
        issued_at=on_wire(now),
        expires_at=on_wire(now + lifetime) if lifetime else None,
        name=name,
    )
    platform.access_keys.Register(key)
    return token, key


def signer(settings: Settings, clock: Clock = system_clock) -> AccessTokens:
    """Signs and verifies with the platform's keys."""
    section = settings.tokens
    try:
        keyset = load_keyset(section.verification_directory, section.signing_key_file)
    except KeyRefused as refusal:
        raise SettingsError(f"{refusal} The first start of the platform makes it.") from refusal
    return AccessTokens(keyset, Revocations.of(), clock=clock)


def act_list(asked: argparse.Namespace, settings: Settings, platform: Any) -> int:
    """Prints the register as a table."""
    keys = platform.access_keys.List(asked.party)
    if not keys:
        print("There are no keys; make one with `capi keys issue --party <id>`.")
        return 0
    now = on_wire(system_clock())
    rows = [
        (key.id, key.party_id, state_of(key, now), day(key.issued_at), key.name or "", " ".join(key.roles))
        for key in keys
    ]
    print(aligned(("JTI", "PARTY", "STATE", "ISSUED", "NAME", "ROLES"), rows))
    return 0


def state_of(key: access_keys.AccessKey, now: str) -> str:
    """revoked, expired, or until when it is active; `now` in the form of the wire, which sorts as time does."""
    if key.revoked_at:
        return f"revoked {day(key.revoked_at)}"
    if not key.expires_at:
        return "active"
    return f"{'until' if key.expires_at > now else 'expired'} {day(key.expires_at)}"


def act_revoke(asked: argparse.Namespace, settings: Settings, platform: Any) -> int:
    """Revokes, and waits until every gateway knows."""
    number = platform.access_keys.Revoke(asked.jti)
    behind = wait_for_readers(lambda: platform.access_keys.ReadersBehind(number))
    if behind:
        print(f"Revoked, but these gateways have not confirmed it yet: {', '.join(behind)}.", file=sys.stderr)
        return 1
    print("Revoked; every running gateway refuses it from now on.")
    return 0


def wait_for_readers(behind: Callable[[], list[str]]) -> list[str]:
    """The readers still behind when they had their time; none as soon as all know."""
    limit = time.monotonic() + REVOKED_EVERYWHERE_S_MAX
    while (names := behind()) and time.monotonic() < limit:
        time.sleep(POLL_S)
    return names


def on_wire(moment: datetime) -> str:
    """A moment in the form of the internal protocol."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def day(timestamp: str) -> str:
    """The date of a timestamp."""
    return timestamp[:10]
