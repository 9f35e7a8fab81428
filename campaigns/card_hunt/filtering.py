"""The log filter alone: every card in a line, an exception, a name, a number, deep inside; nothing may show."""

from collections.abc import Sequence
from random import Random

from campaigns.card_hunt.tricks import TRICKS
from telemetry import log


def lines(numbers: Sequence[str], dice: Random, lines_a_card: int = 4) -> tuple[bytes, int]:
    """Everything that the log writes about these cards, spelled in turn by every trick, and how many lines it is."""
    written: list[bytes] = []
    names = list(TRICKS)
    with log.written_to(written.append):
        for index, number in enumerate(numbers):
            for turn in range(lines_a_card):
                spelled = TRICKS[names[(index * lines_a_card + turn) % len(names)]](number)
                PLACES[(index + turn) % len(PLACES)](spelled, number, dice)
    return b"".join(written), len(written)


def in_a_field(spelled: str, number: str, dice: Random) -> None:
    log.info("hunt", note=f"{'x' * dice.randrange(60)} {spelled} {'y' * dice.randrange(60)}")


def in_a_long_field(spelled: str, number: str, dice: Random) -> None:
    log.info("hunt", note="a" * (3990 - dice.randrange(30)) + " " + spelled + " " + "b" * 100)


def in_a_name(spelled: str, number: str, dice: Random) -> None:
    log.info("hunt", **{spelled: 1, "data": {spelled: spelled}})


def in_the_event(spelled: str, number: str, dice: Random) -> None:
    log.warning(f"hunt {spelled}")


def as_a_number(spelled: str, number: str, dice: Random) -> None:
    log.info("hunt", amount=int(number), list=[int(number), float(number)], cvv=number[:3])


def deep_inside(spelled: str, number: str, dice: Random) -> None:
    log.info("hunt", body={"a": [{"b": (spelled, {"c": spelled})}]}, raw=spelled.encode())


def in_an_exception(spelled: str, number: str, dice: Random) -> None:
    pan = spelled
    try:
        try:
            raise ValueError(f"bad card {pan}")
        except ValueError as error:
            raise KeyError(pan) from error
    except KeyError:
        log.error("hunt.failed", exc_info=True)


def bound(spelled: str, number: str, dice: Random) -> None:
    with log.bound(span_id=spelled, party=f"{spelled} cvv: {number[:3]}"):
        log.info("hunt")


def beside_its_cvv(spelled: str, number: str, dice: Random) -> None:
    log.info("hunt", text=f"{spelled} cvv={number[-3:]}", path=f"/pay?pan={spelled}&CVC2={number[-4:]}")


PLACES = (in_a_field, in_a_long_field, in_a_name, in_the_event, as_a_number, deep_inside, in_an_exception, bound,
          beside_its_cvv)  # fmt: skip
