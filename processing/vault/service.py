"""The Thrift face of the vault: card data in, a token and what may be shown of the card out."""

import secrets
import string
from datetime import datetime, timedelta

from processing.storage.port import Conflict, OutcomeUnknown, Tx, Unavailable
from processing.storage.together import Together
from processing.vault import store, wallets
from processing.vault.cards import InvalidCard, PaymentSystem, check_card
from processing.vault.keys import CardKeys
from rpc import failures
from rpc.context import Context
from rpc.protocol import domain, vault
from settings.clock import Clock
from telemetry.redaction import hide_digits

_BASE62 = string.digits + string.ascii_letters
_TOKEN_CHARS = 22
_BIN_DIGITS = 6
_LAST_DIGITS = 4


class VaultService:
    """Serves vault.Vault."""

    def __init__(
        self, writes: Together, keys: CardKeys, wallet_key: bytes, clock: Clock, session_lifetime: timedelta
    ) -> None:
        self._writes = writes
        self._keys = keys
        self._wallet_key = wallet_key
        self._clock = clock
        self._session_lifetime = session_lifetime

    def Tokenize(self, _context: Context, params: vault.TokenizeParams) -> domain.BankCard:
        """Raises vault.InvalidCardData with a reason that shows nothing of the card; Unavailable and Unknown where the
        card could not be stored."""
        try:
            if params.source.card is not None:
                return self._plain(params.source.card, params.session_id)
            return self._from_wallet(params.source.tokenized, params.session_id)
        except (Unavailable, Conflict) as failure:
            raise failures.Unavailable("the vault's database is away") from failure
        except OutcomeUnknown as failure:
            raise failures.Unknown("the vault's database failed") from failure

    def _plain(self, card: vault.CardData, session_id: str) -> domain.BankCard:
        system = _check(card.number, card.exp_date, card.cvv, self._clock())
        _refuse_number_in(card.cardholder_name)
        token = self._store(card.number, card.exp_date, system, card.cvv, session_id, cryptogram_id=None)
        return domain.BankCard(
            **_shown(token, card.number, card.exp_date, system),
            cardholder_name=card.cardholder_name,
            tokenization_method=domain.TokenizationMethod.NONE,
            is_cvv_empty=card.cvv is None,
        )

    def _from_wallet(self, tokenized: vault.TokenizedCard, session_id: str) -> domain.BankCard:
        try:
            card = wallets.open_payload(tokenized.payload, tokenized.provider, self._wallet_key)
        except wallets.InvalidCryptogram:
            raise vault.InvalidCardData(reason="Wallet payload cannot be read") from None
        if card.merchant != tokenized.merchant_id:
            raise vault.InvalidCardData(reason="Wallet payload was made for another merchant")
        exp_date = domain.ExpDate(month=card.exp_month, year=card.exp_year)
        system = _check(card.number, exp_date, None, self._clock())
        token = self._store(card.number, exp_date, system, None, session_id, cryptogram_id=card.id)
        return domain.BankCard(
            **_shown(token, card.number, exp_date, system),
            token_provider=tokenized.provider,
            tokenization_method=domain.TokenizationMethod.DPAN,
            is_cvv_empty=True,
        )

    def _store(
        self,
        number: str,
        exp_date: domain.ExpDate,
        system: PaymentSystem,
        cvv: str | None,
        session_id: str,
        cryptogram_id: str | None,
    ) -> str:
        now = self._clock()
        token = new_token()
        card = store.StoredCard(
            token,
            exp_date.month,
            exp_date.year,
            system.name,
            number[:_BIN_DIGITS],
            number[-_LAST_DIGITS:],
            self._keys.seal(number.encode(), token),
        )
        fingerprint = self._keys.fingerprint(number)
        sealed = None if cvv is None else self._keys.seal(cvv.encode(), session_id)

        def write(tx: Tx) -> str:
            if cryptogram_id is not None and not store.redeem_cryptogram(tx, cryptogram_id, now):
                raise vault.InvalidCardData(reason="Wallet payload was used before")
            known_as = store.put_card(tx, card, fingerprint, now)
            if sealed is not None:
                store.put_session(tx, session_id, sealed, now + self._session_lifetime)
            return known_as

        return self._writes.write(write)


def new_token() -> str:
    """131 random bits, from one call of the system: a call for each character takes 40 us."""
    number, digits = secrets.randbelow(len(_BASE62) ** _TOKEN_CHARS), []
    for _ in range(_TOKEN_CHARS):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(digits)


def _refuse_number_in(cardholder_name: str | None) -> None:
    """A number that was typed into the field of the name would leave the vault with the name."""
    if cardholder_name is not None and hide_digits(cardholder_name) != cardholder_name:
        raise vault.InvalidCardData(reason="Cardholder name is a card number")


def _check(number: str, exp_date: domain.ExpDate, cvv: str | None, now: datetime) -> PaymentSystem:
    try:
        return check_card(number, exp_date.month, exp_date.year, cvv, now.date())
    except InvalidCard as error:
        raise vault.InvalidCardData(reason=error.reason) from None


def _shown(token: str, number: str, exp_date: domain.ExpDate, system: PaymentSystem) -> dict:
    return {
        "token": token,
        "payment_system": system.name,
        "bin": number[:_BIN_DIGITS],
        "last_digits": number[-_LAST_DIGITS:],
        "exp_date": exp_date,
    }
