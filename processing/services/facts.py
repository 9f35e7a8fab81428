"""What a decision needs from outside the machine, read before it: the shop, its terms, the configuration, balances."""

from collections.abc import Iterable
from typing import NamedTuple

from processing import parties
from processing.domain.allocation import Allocation
from processing.domain.facts import Facts, ShopFacts
from processing.domain.payer import Payer, RecurrentPayer
from processing.domain.state import Invoice, Payment, payment_of
from processing.domain_config.configuration import Configuration, Revision
from processing.domain_config.repository import HEAD
from processing.ledger import book
from processing.machine import Machines
from processing.storage.port import Tx


class FactsReader:
    """What is read is as it is now; of what changes between reading and writing only balances are looked at again."""

    def __init__(self, machines: Machines, configuration: Configuration) -> None:
        self._machines = machines
        self._configuration = configuration

    def for_shop(self, party_id: str, shop_id: str, revision: int | None = None) -> Facts:
        """The shop and its terms, of the newest configuration unless told. Raises PartyNotFound, ShopNotFound."""
        shop, newest = self._shop(party_id, shop_id)
        return _facts(shop, self._configuration.at(newest if revision is None else revision))

    def for_invoice(self, party_id: str, shop_id: str, allocation: Allocation | None) -> Facts:
        """For CreateInvoice: also the shops that the allocation names."""
        targets = self._targets(party_id, allocation)
        shop, newest = self._shop(party_id, shop_id)
        return _facts(shop, self._configuration.at(newest), target_shops=targets)

    def for_payment(self, machine: Invoice, payer: Payer) -> Facts:
        """For StartPayment: the newest routes and fees, and the parent of a recurrent payment. Of the machine only what
        never changes is read."""
        parent = self._parent(machine, payer)
        targets = self._targets(machine.owner_id, machine.allocation)
        shop, newest = self._shop(machine.owner_id, machine.shop_id)
        configuration = self._configuration.at(newest)
        return _facts(shop, configuration, catalogue=configuration.catalogue, target_shops=targets, parent=parent)

    def for_money(self, machine: Invoice, payment_id: str, allocation: Allocation | None) -> Facts:
        """For captures, refunds, chargebacks: the configuration of the payment's day, and what the shop can spare.

        Raises PaymentNotFound.
        """
        payment = payment_of(machine, payment_id)
        configuration = self._configuration.at(payment.domain_revision)
        named = [allocation, payment.allocation, machine.allocation]
        with self._machines.database.read() as tx:
            shop = _find(tx, machine.owner_id, machine.shop_id)
            targets = _targets(tx, machine.owner_id, named)
            available = book.get_account(tx, shop.facts.settlement).min_available_amount
        return _facts(shop, configuration, catalogue=configuration.catalogue, target_shops=targets, available=available)

    def _shop(self, party_id: str, shop_id: str) -> tuple["FoundShop", int]:
        """The shop, and the newest version of the configuration."""
        party, shop, newest = parties.with_shop(self._machines.database, party_id, shop_id, beside=HEAD)
        return FoundShop(_shop(party, shop), shop.contract_id), newest

    def _targets(self, party_id: str, allocation: Allocation | None) -> dict[str, ShopFacts]:
        if not allocation:
            return {}
        with self._machines.database.read() as tx:
            return _targets(tx, party_id, [allocation])

    def _parent(self, machine: Invoice, payer: Payer) -> Payment | None:
        if not isinstance(payer, RecurrentPayer):
            return None
        found = self._machines.load(payer.parent.invoice_id).state
        payments = found.payments if found else ()
        return next((payment for payment in payments if payment.id == payer.parent.payment_id), None)


class FoundShop(NamedTuple):
    """`contract_id` names the terms of the shop."""

    facts: ShopFacts
    contract_id: str


def _find(tx: Tx, party_id: str, shop_id: str) -> FoundShop:
    party = parties.get(tx, party_id)
    shop = parties.get_shop(tx, party_id, shop_id)
    return FoundShop(_shop(party, shop), shop.contract_id)


def _facts(shop: FoundShop, configuration: Revision, **more: object) -> Facts:
    terms = configuration.terms(shop.contract_id)
    return Facts(shop=shop.facts, terms=terms, domain_revision=configuration.version, **more)


def _targets(tx: Tx, party_id: str, allocations: Iterable[Allocation | None]) -> dict[str, ShopFacts]:
    party = parties.get(tx, party_id)
    wanted = {transaction.target.shop_id for allocation in allocations for transaction in allocation or ()}
    found = (parties.find_shop(tx, party_id, shop_id) for shop_id in sorted(wanted))
    return {shop.id: _shop(party, shop) for shop in found if shop is not None}


def _shop(party: parties.Party, shop: parties.Shop) -> ShopFacts:
    return ShopFacts(
        id=shop.id,
        party_id=shop.party_id,
        name=shop.name,
        url=shop.url,
        category_id=shop.category_id,
        currency=shop.currency,
        settlement=shop.settlement,
        guarantee=shop.guarantee,
        is_party_blocked=party.is_blocked,
        is_party_suspended=party.is_suspended,
        is_blocked=shop.is_blocked,
        is_suspended=shop.is_suspended,
    )
