"""What a payer pays with, as everybody outside the vault may know it, and the methods that terms allow."""

from processing.domain.statuses import TokenizationMethod
from processing.domain.values import Value


class ExpDate(Value):
    month: int
    year: int


class BankCard(Value, tag="bank_card"):
    """`token` is the vault's name of the card: random, says nothing of the number."""

    token: str
    payment_system: str
    bin: str
    last_digits: str
    exp_date: ExpDate | None = None
    cardholder_name: str | None = None
    token_provider: str | None = None
    tokenization_method: TokenizationMethod | None = None
    issuer_country: str | None = None
    bank_name: str | None = None
    is_cvv_empty: bool | None = None


class PaymentTerminal(Value, tag="payment_terminal"):
    provider: str


class DigitalWallet(Value, tag="digital_wallet"):
    provider: str
    id: str
    token: str | None = None


class CryptoWallet(Value, tag="crypto_wallet"):
    currency: str


class MobileCommerce(Value, tag="mobile_commerce"):
    """`cc` country code, `ctn` subscriber number: digits only."""

    cc: str
    ctn: str
    operator: str | None = None


PaymentTool = BankCard | PaymentTerminal | DigitalWallet | CryptoWallet | MobileCommerce


class BankCardMethod(Value, tag="bank_card"):
    """`token_provider` is set when the system is offered through a wallet of tokenised cards only."""

    payment_system: str
    token_provider: str | None = None


class PaymentTerminalMethod(Value, tag="payment_terminal"):
    provider: str


class DigitalWalletMethod(Value, tag="digital_wallet"):
    provider: str


class CryptoWalletMethod(Value, tag="crypto_wallet"):
    currency: str


class MobileCommerceMethod(Value, tag="mobile_commerce"):
    operator: str


PaymentMethod = BankCardMethod | PaymentTerminalMethod | DigitalWalletMethod | CryptoWalletMethod | MobileCommerceMethod


def kind_of(tool: PaymentTool) -> str:
    """`bank_card`, `payment_terminal`, ...: the name of the tool's field in the IDL's union."""
    return tool.__struct_config__.tag


def is_allowed(tool: PaymentTool, methods: frozenset[PaymentMethod]) -> bool:
    """A phone whose operator is not known passes when any operator is allowed."""
    if isinstance(tool, MobileCommerce) and tool.operator is None:
        return any(isinstance(method, MobileCommerceMethod) for method in methods)
    return method_of(tool) in methods


def method_of(tool: PaymentTool) -> PaymentMethod:
    match tool:
        case BankCard():
            return BankCardMethod(payment_system=tool.payment_system, token_provider=tool.token_provider)
        case PaymentTerminal():
            return PaymentTerminalMethod(provider=tool.provider)
        case DigitalWallet():
            return DigitalWalletMethod(provider=tool.provider)
        case CryptoWallet():
            return CryptoWalletMethod(currency=tool.currency)
        case MobileCommerce():
            return MobileCommerceMethod(operator=tool.operator or "")
