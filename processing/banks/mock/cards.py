"""The magic card numbers: what a card does is told by its number alone. Documentation prints this table.

Any expiry date in the future, any CVC and any name will do. A number that is not listed is approved when it passes the
Luhn check; one that does not is declined as invalid. Numbers of our own making start with 4000 01 and two digits for
the group they belong to; the others are those that integrators of payment APIs know by heart.
"""

from dataclasses import asdict, dataclass

import orjson

from processing.banks.mock import codes

# Authentication: how the 3-D Secure question ends.
NO_AUTHENTICATION, FRICTIONLESS, FRICTIONLESS_FAILED = "none", "frictionless", "frictionless_failed"
CHALLENGE, CHALLENGE_BY_GET, CHALLENGE_FAILED, CHALLENGE_SILENT = "post", "get", "failed", "silent"
CHALLENGES = frozenset({CHALLENGE, CHALLENGE_BY_GET, CHALLENGE_FAILED, CHALLENGE_SILENT})

# Delivery: what becomes of the HTTP answer. The first three leave nothing in the books.
WHOLE, REFUSE_500, REFUSE_500_ONCE, DROP_ONCE = "whole", "refuse_500", "refuse_500_once", "drop_once"
ACCEPT_500, ACCEPT_DROP, ACCEPT_CUT, GARBAGE = "accept_500", "accept_drop", "accept_cut", "garbage"
OTHER_AMOUNT, OTHER_CURRENCY, OTHER_SHAPE = "other_amount", "other_currency", "other_shape"

# Notices: the bank's own calls to the merchant's address.
NO_NOTICE, ONCE, TWICE, LATE = "none", "once", "twice", "late"
BEFORE_ANSWER, CONTRADICTING = "before_answer", "contradicting"

AT_ONCE, SLOW, STUCK, PENDING = "at_once", "slow", "stuck", "pending"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to a card. `code` is the verdict once every detour is over."""

    code: str = codes.APPROVED
    detail: str | None = None
    authentication: str = NO_AUTHENTICATION
    timing: str = AT_ONCE
    delivery: str = WHOLE
    notice: str = NO_NOTICE
    capture_code: str = codes.APPROVED
    capture_delivery: str = WHOLE
    refund_code: str = codes.APPROVED
    refund_delivery: str = WHOLE
    void_delivery: str = WHOLE


@dataclass(frozen=True, slots=True)
class Card:
    """A row of the table: `does` says for people what `behaviour` says for the bank."""

    number: str
    group: str
    does: str
    behaviour: Behaviour


def row(number: str, group: str, does: str, **behaviour: str) -> Card:
    return Card(number, group, does, Behaviour(**behaviour))


def declines(number: str, code: str, does: str, detail: str | None = None) -> Card:
    return Card(number, "Declined", does, Behaviour(code=code, detail=detail))


# fmt: off
TABLE: tuple[Card, ...] = (
    row("4242424242424242", "Approved", "Visa, approved at once"),
    row("5555555555554444", "Approved", "Mastercard, approved at once"),
    row("586824160825533338", "Approved", "Maestro, approved at once"),
    row("2201382000000013", "Approved", "Mir, approved at once"),

    declines("4000000000000002", codes.INSUFFICIENT_FUNDS, "Insufficient funds"),
    declines("4222222222222220", codes.NO_CARD_RECORD, "Invalid card: the issuer knows no such account"),
    declines("4003830171874018", codes.CVC_MISMATCH, "Wrong CVC"),
    declines("4000000000000069", codes.EXPIRED_CARD, "Expired card"),
    declines("4111110000000112", codes.UNSPECIFIED_ERROR, "Declined without a reason"),
    declines("4000010100000018", codes.INVALID_CARD_NUMBER, "Card number invalid"),
    declines("4000010100000026", codes.NO_SUCH_ISSUER, "Issuer not found"),
    declines("4000010100000034", codes.HOLDER_MISMATCH, "Cardholder name does not match"),
    declines("4000010100000042", codes.CARD_REFUSED, "Card refused, no reason given"),
    declines("4000010100000059", codes.NOT_PERMITTED, "Operation not possible with this kind of card"),
    declines("4000010100000067", codes.STOLEN_CARD, "Stolen card"),
    declines("4000010100000075", codes.RESTRICTED_CARD, "Blocked card"),
    declines("4000010100000083", codes.DO_NOT_HONOUR, "Rejected by the issuer"),
    declines("4000010100000091", codes.SECURITY_VIOLATION, "Security policy violated"),
    declines("4000010100000109", codes.ISSUER_UNAVAILABLE, "Issuer temporarily unavailable"),
    declines("4000010100000117", codes.NOT_PERMITTED_TO_CARDHOLDER, "Operation blocked for this cardholder"),
    declines("4000010100000125", codes.INVALID_MERCHANT, "Merchant blocked by the bank"),
    declines("4000010100000133", codes.AMOUNT_LIMIT, "Card limit exceeded, unsaid which"),
    declines("4000010100000141", codes.AMOUNT_LIMIT, "Card amount limit of one operation", "OPERATION"),
    declines("4000010100000158", codes.AMOUNT_LIMIT, "Card amount limit of the day", "DAY"),
    declines("4000010100000166", codes.AMOUNT_LIMIT, "Card amount limit of the week", "WEEK"),
    declines("4000010100000174", codes.AMOUNT_LIMIT, "Card amount limit of the month", "MONTH"),
    declines("4000010100000182", codes.AMOUNT_LIMIT, "Card amount limit, unsaid of which period", "AMOUNT"),
    declines("4000010100000190", codes.FREQUENCY_LIMIT, "Card limit on the number of operations"),
    declines("4000010100000208", codes.ACQUIRER_AMOUNT_LIMIT, "Bank's own limit exceeded, unsaid which"),
    declines("4000010100000216", codes.ACQUIRER_AMOUNT_LIMIT, "Bank's amount limit of one operation", "OPERATION"),
    declines("4000010100000224", codes.ACQUIRER_AMOUNT_LIMIT, "Bank's amount limit of the day", "DAY"),
    declines("4000010100000232", codes.ACQUIRER_AMOUNT_LIMIT, "Bank's amount limit of the week", "WEEK"),
    declines("4000010100000240", codes.ACQUIRER_AMOUNT_LIMIT, "Bank's amount limit of the month", "MONTH"),
    declines("4000010100000257", codes.ACQUIRER_AMOUNT_LIMIT, "Bank's amount limit, unsaid of which period", "AMOUNT"),
    declines("4000010100000265", codes.ACQUIRER_FREQUENCY_LIMIT, "Bank's limit on the number of operations"),

    row("4012888888881881", "3-D Secure", "Visa, challenge page, reached by a form (POST)", authentication=CHALLENGE),
    row("5169147129584558", "3-D Secure", "Mastercard, challenge page, reached by a form", authentication=CHALLENGE),
    row("4556418324571052", "3-D Secure", "Challenge page, reached by a link (GET)", authentication=CHALLENGE_BY_GET),
    row("4987654321098769", "3-D Secure", "Challenge page; whatever the payer does, authentication fails",
        authentication=CHALLENGE_FAILED),
    row("4342561111111118", "3-D Secure", "Challenge page that never sends the payer back",
        authentication=CHALLENGE_SILENT),
    row("4000010200000017", "3-D Secure", "Authenticated without asking the payer (frictionless), approved",
        authentication=FRICTIONLESS),
    row("4000010200000025", "3-D Secure", "Authentication refused without asking the payer",
        authentication=FRICTIONLESS_FAILED),
    row("4000010200000033", "3-D Secure", "Challenge passed, then insufficient funds",
        authentication=CHALLENGE, code=codes.INSUFFICIENT_FUNDS),
    row("4000010200000041", "3-D Secure", "Challenge passed, accepted, then the connection is dropped",
        authentication=CHALLENGE, delivery=ACCEPT_DROP),

    row("4000010300000016", "Timing", "Approved after the slow delay (setting mock_bank.slow_answer_ms)", timing=SLOW),
    row("4000010300000024", "Timing", "Approved after 17.5 slow delays, longer than anybody waits", timing=STUCK),
    row("4000010300000032", "Timing", "Pending; approved later, the bank calls back", timing=PENDING, notice=ONCE),
    row("4000010300000040", "Timing", "Pending; approved later, seen only by asking", timing=PENDING),
    row("4000010300000057", "Timing", "Pending; declined later (do not honour), the bank calls back",
        timing=PENDING, notice=ONCE, code=codes.DO_NOT_HONOUR),

    row("4000010400000015", "Broken answers", "HTTP 500 each time, nothing accepted", delivery=REFUSE_500),
    row("4000010400000023", "Broken answers", "HTTP 500 the first time, nothing accepted; a repeat is approved",
        delivery=REFUSE_500_ONCE),
    row("4000010400000031", "Broken answers", "Dropped before anything is accepted; a repeat is approved",
        delivery=DROP_ONCE),
    row("4000010400000049", "Broken answers", "Accepted, then HTTP 500", delivery=ACCEPT_500),
    row("4000010400000056", "Broken answers", "Accepted, then the connection is dropped without an answer",
        delivery=ACCEPT_DROP),
    row("4000010400000064", "Broken answers", "Accepted, then the answer is cut in the middle", delivery=ACCEPT_CUT),
    row("4000010400000072", "Broken answers", "Accepted, answered with something that is not JSON", delivery=GARBAGE),
    row("4000010400000080", "Broken answers", "Accepted, answered with another amount", delivery=OTHER_AMOUNT),
    row("4000010400000098", "Broken answers", "Accepted, answered with another currency", delivery=OTHER_CURRENCY),
    row("4000010400000106", "Broken answers", "Accepted, answered with JSON of another shape", delivery=OTHER_SHAPE),

    row("4000010500000014", "Callbacks", "Pending, then approved; the bank calls back twice",
        timing=PENDING, notice=TWICE),
    row("4000010500000022", "Callbacks", "Approved; the bank calls back late, when all is over", notice=LATE),
    row("4000010500000030", "Callbacks", "The bank calls back before it answers; approved", notice=BEFORE_ANSWER),
    row("4000010500000048", "Callbacks", "Answered as declined; then the bank changes its mind and calls: approved",
        notice=CONTRADICTING),

    row("4000010600000013", "Later operations", "Approved; captures are declined",
        capture_code=codes.REFUSED_BY_ISSUER),
    row("4000010600000021", "Later operations", "Approved; captures are done, the answer is lost",
        capture_delivery=ACCEPT_DROP),
    row("4000010600000039", "Later operations", "Approved; refunds are declined",
        refund_code=codes.REFUSED_BY_ISSUER),
    row("4000010600000047", "Later operations", "Approved; refunds are done, the answer is lost",
        refund_delivery=ACCEPT_DROP),
    row("4000010600000054", "Later operations", "Approved; voids are done, answered with HTTP 500",
        void_delivery=ACCEPT_500),
)
# fmt: on

BY_NUMBER = {card.number: card.behaviour for card in TABLE}
UNLISTED = Behaviour()
NOT_A_CARD = Behaviour(code=codes.INVALID_CARD_NUMBER)


def behaviour_of(number: str) -> Behaviour:
    """What the card with this number does."""
    listed = BY_NUMBER.get(number)
    if listed is not None:
        return listed
    return UNLISTED if passes_luhn(number) else NOT_A_CARD


def leaves_no_trace(delivery: str, requests: int) -> bool:
    """Whether the `requests`-th request under one reference is answered without being accepted."""
    return delivery == REFUSE_500 or (delivery in (REFUSE_500_ONCE, DROP_ONCE) and requests == 1)


def freeze(behaviour: Behaviour) -> str | None:
    """For keeping: the books hold what a card does, never its number. None stands for the plain behaviour."""
    return None if behaviour == UNLISTED else orjson.dumps(asdict(behaviour)).decode()


def thaw(kept: str | None) -> Behaviour:
    """What `freeze` made."""
    return Behaviour(**orjson.loads(kept)) if kept else UNLISTED


def passes_luhn(number: str) -> bool:
    """The check digit rule of ISO/IEC 7812-1."""
    odd = sum(int(digit) for digit in number[-1::-2])
    even = sum(sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (odd + even) % 10 == 0


def as_markdown() -> str:
    """The table for documentation."""
    rows = [f"| `{card.number}` | {card.group} | {card.does} |" for card in TABLE]
    return "\n".join(["| number | group | what it does |", "| --- | --- | --- |", *rows])
