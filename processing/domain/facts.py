"""What a decision needs from outside the machine, gathered before it and carried inside the command."""

from processing.domain.state import Payment
from processing.domain.terms import Catalogue, Terms
from processing.domain.values import Value


class ShopFacts(Value):
    """A shop and its party as they are now; `settlement` and `guarantee` are ledger account ids."""

    id: str
    party_id: str
    name: str
    url: str
    category_id: int
    currency: str
    settlement: int
    guarantee: int
    is_party_blocked: bool = False
    is_party_suspended: bool = False
    is_blocked: bool = False
    is_suspended: bool = False
    is_contract_active: bool = True


class Facts(Value):
    """`terms` is the document of the shop's contract at `domain_revision`, `catalogue` that revision's other documents.

    | part | needed by |
    | --- | --- |
    | shop, terms, domain_revision | all that carry facts |
    | target_shops (id -> shop of the same party, for the ids that an allocation names) | CreateInvoice, StartPayment, |
    | | CapturePayment, RefundPayment |
    | catalogue | StartPayment; RefundPayment (the payment's provider) |
    | parent (the parent payment's state) | StartPayment of a recurrent payer; None: it was not found |
    | available (minor units that the shop's settlement account has at the worst) | RefundPayment; None: not limited |
    """

    shop: ShopFacts
    terms: Terms
    domain_revision: int
    catalogue: Catalogue = Catalogue()
    target_shops: dict[str, ShopFacts] = {}
    parent: Payment | None = None
    available: int | None = None
