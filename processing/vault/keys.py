"""The vault's keys: one seals card data, another recognises a card without storing its number.

The fingerprint key is derived apart from the sealing key (HKDF, RFC 5869): a fingerprint alone opens nothing.
"""

import hashlib
import hmac
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from processing.sealing import KEY_BYTES, SealingKeys, numbered_keys


class CardKeys:
    """Seals and opens card data, and tells cards apart."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        sealing = SealingKeys(keys)
        self.seal, self.open = sealing.seal, sealing.open
        # The oldest key: a card must be recognised after a newer one was added.
        self._fingerprint_key = _derive(keys[min(keys)], b"card fingerprint")

    def fingerprint(self, number: str) -> bytes:
        """A keyed hash of the whole number (PCI DSS 4.0.1, 3.5.1.1)."""
        return hmac.new(self._fingerprint_key, number.encode(), hashlib.sha256).digest()


def load_or_create(path: Path) -> CardKeys:
    """The keys of a file; made with mode 0600 at the first start. Raises sealing.UnsafeKeyFile."""
    return CardKeys(numbered_keys(path))


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)
