"""Where one version is attacked: the system, the version, two parties with an object of every kind each."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

from campaigns.agreement.speaking import wait_for
from campaigns.agreement.stories import VISA, wish
from campaigns.attacks.tally import Tally
from campaigns.ground import Ground
from campaigns.versions.asking import Asker, client_of, target
from campaigns.versions.bodies import Bodies
from campaigns.versions.holdings import Holdings, holdings
from campaigns.versions.published import Node, Operation
from campaigns.versions.table import Version, versions_of

LEFT_OUT = ("externalID", "cart", "allocation", "bankAccount")
"""Members that would spoil a body made of everything."""
PARTY = "another party"


@dataclass
class Scene:
    """`owner` has what is attacked, `other` is a party of its own. One thread at a time."""

    place: Ground
    every_version: list[Version]
    version: Version
    owner: Holdings
    other: Holdings

    @cached_property
    def asker(self) -> Asker:
        """Connections of this version's attackers."""
        return Asker(self.version, self.place.port)

    @cached_property
    def payer_elsewhere(self) -> str:
        """The token of somebody who pays another invoice of the owner's."""
        return self.owner.api.invoice()["invoiceAccessToken"]["payload"]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Of the version's document."""
        return self.version.published.operations

    def operation(self, id: str) -> Operation:
        """By its operationId."""
        return self.version.published.operation(id)

    def me(self) -> str:
        """The path that every token of a merchant may read."""
        return target(self.operation(self.version.row.me), {})

    def knows(self, id: str) -> bool:
        """Whether the version has such an operation."""
        return any(one.id == id for one in self.operations)

    def strangers(self) -> dict[str, str]:
        """Everybody to whom the owner's objects are nothing: what they are -> token."""
        return {
            PARTY: self.other.api.token,
            "a payer of the other party": self.other.invoice_token,
            "a customer of the other party": self.other.link_token,
            "a payer of another invoice": self.payer_elsewhere,
            "nobody": "",
        }

    def body(self, operation: Operation, ids: dict[str, str], turn: int = 0) -> Any:
        """A full body with these ids; None for an operation without one."""
        if operation.body is None:
            return None
        row, published = self.version.row, self.version.published
        choices = row.left_out.get(operation.id) or row.left_out[""]

        def text(place: tuple[str, ...], node: Node) -> str:
            name = place[-1]
            return ids.get(name) or row.fixed.get(name) or str(published.scalar(node))

        body = Bodies(published, text, turn, choices[turn % len(choices)]).value(operation.body)
        return {name: value for name, value in body.items() if name not in LEFT_OUT}

    def payment(self, holder: Holdings) -> dict:
        """A body that pays, with a card of a payer of that party."""
        row = self.version.row
        made = self.asker.ask(row.create_card, holder.invoice_token, body=row.card(VISA, "123"))
        assert made.status == 201, made.body
        return row.payment(made.json())

    def is_alive(self) -> bool:
        """Whether an honest merchant is served through the version: an invoice is made and paid."""
        words = self.version.words
        try:
            client = client_of(self.version, self.place.port, self.place.api.token, self.place.api.shop_id)
            made = words.make_invoice(client, wish())
            payment = words.pay(client, made, VISA, None)
            wait_for(lambda: words.read_payment(client, made.id, payment), lambda facts: facts["status"] == "captured")
        except Exception:
            return False
        return True


def scenes_of(place: Ground) -> list[Scene]:
    """One for each served version; the parties and their objects are the same in all."""
    versions = versions_of(place.settings)
    owner = holdings(place, versions, place.api, "demo")
    other = holdings(place, versions, place.merchant("intruder"), "intruder")
    return [Scene(place, versions, version, owner, other) for version in versions]


OfOne = Callable[[Scene, Random, float], Tally | None]
Family = Callable[[Sequence[Scene], Random, float], Iterator[Tally]]


def each(run: OfOne) -> Family:
    """A family that is played on each version by itself, on all of them at once. It returns None where a version has
    nothing that it could attack.
    """

    def played(scenes: Sequence[Scene], dice: Random, scale: float) -> Iterator[Tally]:
        seeds = [dice.random() for _ in scenes]
        with ThreadPoolExecutor(len(scenes)) as pool:
            found = pool.map(lambda scene, seed: run(scene, Random(seed), scale), scenes, seeds)  # noqa: S311
            yield from (tally for tally in found if tally is not None)

    return played
