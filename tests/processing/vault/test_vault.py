"""Card data goes in and never comes out but to the one operation it was given for."""

import asyncio
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidTag

from processing.sealing import UnsafeKeyFile
from processing.storage.migrations import migrate
from processing.storage.sqlite import SqliteDatabase
from processing.storage.together import of_anything
from processing.vault import MIGRATIONS, keys, wallets
from processing.vault.app import purging
from processing.vault.cards import InvalidCard, check_card
from processing.vault.reader import CardReader, UnknownCard
from processing.vault.service import VaultService
from rpc.context import Context
from rpc.protocol import domain, replace, vault

VISA = "4242424242424242"
WALLET_KEY = b"w" * 32


class Moment:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Moment:
    return Moment()


@pytest.fixture
def database(tmp_path, clock) -> SqliteDatabase:
    made = SqliteDatabase(tmp_path / "vault.sqlite")
    migrate(made, clock(), MIGRATIONS)
    return made


@pytest.fixture
def card_keys(tmp_path) -> keys.CardKeys:
    return keys.load_or_create(tmp_path / "secrets" / "vault.key")


@pytest.fixture
def service(database, card_keys, clock) -> VaultService:
    return VaultService(of_anything(database), card_keys, WALLET_KEY, clock, timedelta(minutes=64))


@pytest.fixture
def reader(database, card_keys, clock) -> CardReader:
    return CardReader(database, of_anything(database), card_keys, clock)


def plain(number: str = VISA, month: int = 12, year: int = 2030, cvv: str | None = "123") -> vault.CardSource:
    exp_date = domain.ExpDate(month=month, year=year)
    return vault.CardSource(card=vault.CardData(number=number, exp_date=exp_date, cvv=cvv))


def tokenize(service: VaultService, source: vault.CardSource, session: str = "s1") -> domain.BankCard:
    return service.Tokenize(Context.root(), vault.TokenizeParams(source=source, session_id=session))


def from_wallet(payload: str, provider: str = "applepay", merchant: str = "m1") -> vault.CardSource:
    return vault.CardSource(
        tokenized=vault.TokenizedCard(provider=provider, merchant_id=merchant, payload=payload.encode())
    )


@pytest.mark.parametrize(
    ("number", "system"),
    [
        ("4242424242424242", "visa"),
        ("4222222222222220", "visa"),
        ("5555555555554444", "mastercard"),
        ("2223003122003222", "mastercard"),
        ("2201382000000013", "nspkmir"),
        ("586824160825533338", "maestro"),
        ("378282246310005", "amex"),
        ("3530111333300000", "jcb"),
        ("6200000000000005", "unionpay"),
    ],
)
def test_a_card_is_recognised_by_its_leading_digits(service, number, system):
    card = tokenize(service, plain(number))
    assert (card.payment_system, card.bin, card.last_digits) == (system, number[:6], number[-4:])


@pytest.mark.parametrize(
    ("number", "month", "year", "cvv", "reason"),
    [
        ("4242424242424241", 12, 2030, "123", "check digit"),
        ("42424242424242", 12, 2030, "123", "wrong length"),
        ("9999999999999995", 12, 2030, "123", "no supported payment system"),
        (VISA, 5, 2026, "123", "expired"),
        (VISA, 12, 9999, "123", "too far ahead"),
        (VISA, 12, 2**31 - 1, "123", "too far ahead"),
        (VISA, 13, 2030, "123", "not a month"),
        (VISA, 12, 2030, "1234", "CVV"),
        ("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", 12, 2030, "123", "digits"),
    ],
)
def test_a_wrong_card_is_refused_with_a_reason_that_shows_nothing_of_it(service, number, month, year, cvv, reason):
    with pytest.raises(vault.InvalidCardData) as refusal:
        tokenize(service, plain(number, month, year, cvv))
    assert reason in refusal.value.reason
    assert not any(character.isdigit() for character in refusal.value.reason)


@pytest.mark.parametrize("name", [VISA, "4242 4242 4242 4242", "Mr 4242-4242-4242-4242"])
def test_a_card_number_in_the_place_of_the_name_is_refused(service, name):
    source = replace(plain(), card=replace(plain().card, cardholder_name=name))
    with pytest.raises(vault.InvalidCardData) as refusal:
        tokenize(service, source)
    assert "4242" not in refusal.value.reason


@pytest.mark.parametrize("name", ["A HOLDER", "Élise Öz 3rd", "1234567890123", ""])
def test_a_name_is_kept_as_it_is(service, name):
    source = replace(plain(), card=replace(plain().card, cardholder_name=name))
    assert tokenize(service, source).cardholder_name == name


def test_a_card_is_good_until_the_end_of_its_month():
    today = datetime(2026, 6, 30, tzinfo=UTC).date()
    assert check_card(VISA, 6, 2026, None, today).name == "visa"
    with pytest.raises(InvalidCard):
        check_card(VISA, 6, 2026, None, today + timedelta(days=1))


def test_the_same_card_has_the_same_token_and_another_expiry_another(service):
    first = tokenize(service, plain(), "s1").token
    assert tokenize(service, plain(), "s2").token == first
    assert tokenize(service, plain(year=2031), "s3").token != first


def test_an_adapter_reads_the_number_by_its_token(service, reader):
    card = tokenize(service, plain())
    assert reader.card(card.token) == (VISA, 12, 2030)
    assert VISA not in repr(reader.card(card.token))
    with pytest.raises(UnknownCard):
        reader.card("nobody")


def test_a_cvv_serves_one_operation_however_often_it_asks(service, reader):
    tokenize(service, plain())
    assert reader.cvv("s1", "inv.1") == "123"
    assert reader.cvv("s1", "inv.1") == "123"
    assert reader.cvv("s1", "inv.2") is None


def test_a_cvv_is_gone_when_the_bank_has_answered_or_its_time_is_up(service, reader, clock):
    tokenize(service, plain(), "answered")
    tokenize(service, plain(), "late")
    assert reader.cvv("answered", "inv.1") == "123"
    reader.forget_cvv("answered")
    assert reader.cvv("answered", "inv.1") is None
    clock.now += timedelta(minutes=64)
    assert reader.cvv("late", "inv.1") is None


def test_a_cvv_that_nobody_used_does_not_outlive_its_time(service, database, card_keys, clock):
    """Also when no other card comes: the process removes it by itself."""
    tokenize(service, plain(), "unused")
    clock.now += timedelta(minutes=64)
    gone = []

    async def app(scope, receive, send):
        for _ in range(500):
            if not sessions(database):
                gone.append(scope["type"])
                break
            await asyncio.sleep(0.01)

    living = purging(
        app, CardReader(database, of_anything(database), card_keys, clock).forget_expired_cvvs, every_s=0.01
    )
    asyncio.run(living({"type": "lifespan"}, None, None))
    assert gone == ["lifespan"]


def test_a_cvv_in_its_time_is_left_alone(service, reader, database, clock):
    tokenize(service, plain(), "waiting")
    clock.now += timedelta(minutes=63)
    reader.forget_expired_cvvs()
    assert sessions(database) == 1


def sessions(database: SqliteDatabase) -> int:
    """CVVs that the vault holds."""
    with database.read() as tx:
        return tx.execute("SELECT COUNT(*) FROM card_sessions").one()[0]


def test_nothing_on_disk_shows_a_number_or_a_cvv(service, tmp_path):
    tokenize(service, plain(cvv="987"), "session-on-disk")
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"session-on-disk" in stored
    assert VISA.encode() not in stored
    assert b"987" not in b"".join(path.read_bytes() for path in tmp_path.glob("vault.sqlite*"))


def test_a_record_moved_to_another_row_does_not_open(service, reader, database):
    first = tokenize(service, plain(), "s1").token
    second = tokenize(service, plain("5555555555554444"), "s2").token
    with database.transaction() as tx:
        sealed = tx.execute("SELECT sealed FROM cards WHERE token = ?", (first,)).one()[0]
        tx.execute("UPDATE cards SET sealed = ? WHERE token = ?", (sealed, second))
    with pytest.raises(InvalidTag):
        reader.card(second)


def test_the_key_file_is_for_its_owner_only(tmp_path, card_keys):
    path = tmp_path / "secrets" / "vault.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(UnsafeKeyFile, match="chmod 600"):
        keys.load_or_create(path)


def test_the_wallets_key_is_for_its_owner_only_and_whole(tmp_path):
    path = tmp_path / "secrets" / "wallet.key"
    assert wallets.load_or_create_key(path) == wallets.load_or_create_key(path)
    path.chmod(0o640)
    with pytest.raises(UnsafeKeyFile, match="chmod 600"):
        wallets.load_or_create_key(path)
    path.chmod(0o600)
    path.write_bytes(b"")
    with pytest.raises(UnsafeKeyFile, match="32 bytes"):
        wallets.load_or_create_key(path)


def test_a_new_key_in_front_leaves_old_records_readable(tmp_path, card_keys):
    path = tmp_path / "secrets" / "vault.key"
    sealed = card_keys.seal(b"old", "row")
    with path.open("a") as file:
        file.write("2:" + "ab" * 32 + "\n")
    rotated = keys.load_or_create(path)
    assert rotated.open(sealed, "row") == b"old"
    assert rotated.seal(b"new", "row")[:2] == b"\x00\x02"
    assert rotated.fingerprint(VISA) == card_keys.fingerprint(VISA)


def test_a_wallets_card_is_redeemed_once_for_its_own_merchant(service, reader):
    payload = wallets.seal(wallets.WalletCard("c1", "m1", VISA, 12, 2030), "applepay", WALLET_KEY)
    with pytest.raises(vault.InvalidCardData, match="another merchant"):
        tokenize(service, from_wallet(payload, merchant="m2"))
    card = tokenize(service, from_wallet(payload))
    assert (card.token_provider, card.tokenization_method) == ("applepay", domain.TokenizationMethod.DPAN)
    assert reader.card(card.token).number == VISA
    with pytest.raises(vault.InvalidCardData, match="used before"):
        tokenize(service, from_wallet(payload))


@pytest.mark.parametrize(
    "payload",
    ["", "{}", '{"data": 3}', "a.b.c.d.e", "\x00", '{"data":' + "[" * 100_000, '{"data":1' + "0" * 5000 + "}"],
    ids=range(7),
)
def test_a_payload_no_wallet_made_is_refused(service, payload):
    with pytest.raises(vault.InvalidCardData, match="cannot be read"):
        tokenize(service, from_wallet(payload))
    genuine = wallets.seal(wallets.WalletCard("c1", "m1", VISA, 12, 2030), "googlepay", WALLET_KEY)
    with pytest.raises(vault.InvalidCardData, match="cannot be read"):
        tokenize(service, from_wallet(genuine, provider="applepay"))
