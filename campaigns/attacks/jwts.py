"""Access tokens that nobody issued, or nobody may use any more (RFC 8725, contract section 3.6)."""

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from random import Random
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from campaigns import wire
from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import Tally, require_honest
from campaigns.ground import Ground
from campaigns.versions.asking import target

CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
KIDS = (
    "", " ", "/dev/null", "../../../../dev/null", "file:///dev/null", "capi.pem", "../capi.pem", "x' UNION SELECT 'key",
    "x'; DROP TABLE keys;--", "http://127.0.0.1:9/key", "\u0000", "a" * 5000, "%00", "*", "${jndi:ldap://x}", "| id",
    None, 0, 1, True, [], ["kid"], {}, {"$ne": None},
)  # fmt: skip
NONES = ["".join(letters) for letters in itertools.product("nN", "oO", "nN", "eE")]
ODD_ALGORITHMS = (*NONES, "", " none", "none ", "n\u043ene", "RS256 ", "rs256", "Rs256", None, 0, [], ["RS256"], {})


def run(scene: Scene, dice: Random, scale: float) -> Tally:
    """Each forged token asks for its party, a payer's for its invoice."""
    place, where = scene.place, scene.me()
    tally, line = Tally("access tokens", scene.version.name), wire.Line(place.port(scene.version.gateway))
    require_honest("a merchant's token", line.ask(asked_with(place.api.token, where)).status)
    for what, headers, query in attempts(place, dice, scale):
        head = [*headers, ("X-Request-ID", f"jwt{tally.tried}")]
        tally.count(what, line.ask(wire.request("GET", where + query, head)).status)
    good = scene.owner.invoice_token
    path = target(scene.operation(scene.version.row.read_invoice), scene.owner.ids(scene.version))
    require_honest("a payer's token", line.ask(asked_with(good, path)).status)
    for what, token in of_payers(place, good, dice, scale):
        tally.count(f"payer's, {what}", line.ask(asked_with(token, path)).status)
    return tally


def asked_with(token: str, path: str) -> bytes:
    """A request with a token."""
    return wire.request("GET", path, [("Authorization", f"Bearer {token}"), ("X-Request-ID", "jwt")])


def of_payers(place: Ground, good: str, dice: Random, scale: float) -> Iterator[tuple[str, str]]:
    """Forgeries of a payer's token, which another key may sign, on a curve."""
    head, payload, mark = good.split(".")
    header, claims = json.loads(opened(head)), json.loads(opened(payload))
    own = serialization.load_pem_private_key(place.settings.tokens.signing_key_file.read_bytes(), None)
    foreign = ec.generate_private_key(ec.SECP256R1())
    signed = f"{head}.{payload}"
    yield "another curve key", f"{signed}.{closed(by_curve(foreign, signed))}"
    yield "another curve key, DER", f"{signed}.{closed(foreign.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))}"
    for number in (0, 1, CURVE_ORDER, CURVE_ORDER - 1, 2**256 - 1):
        for other in (0, 1, CURVE_ORDER):
            yield "made-up numbers", f"{signed}.{closed(number.to_bytes(32, 'big') + other.to_bytes(32, 'big'))}"
    main = json.loads(opened(place.api.token.split(".")[0]))
    if main.get("kid") != header.get("kid"):
        yield "the other key's kid", signed_text(own, sealed({**header, "kid": main["kid"]}), payload)[:-8] + "AAAAAAAA"
        yield "RSA under the curve's kid", signed_text(own, head, payload)
        yield "RSA under the curve's kid, said", signed_text(own, sealed({**header, "alg": "RS256"}), payload)
        mixed = f"{sealed({**header, 'kid': main['kid']})}.{payload}"
        yield "curve under RSA's kid", f"{mixed}.{closed(by_curve(foreign, mixed))}"
    for file in place.settings.tokens.verification_directory.parent.rglob("*.pem"):
        key = serialization.load_pem_private_key(file.read_bytes(), None).public_key()
        pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        for kid in (header.get("kid"), main.get("kid")):
            text = f"{sealed({**header, 'alg': 'HS256', 'kid': kid})}.{payload}"
            yield "HS256 with a public key", f"{text}.{closed(hmac.digest(pem, text.encode(), 'sha256'))}"
    yield from without_signature(header, payload, mark)
    yield from damaged(head, payload, mark, claims, dice, scale)


def by_curve(key: ec.EllipticCurvePrivateKey, text: str) -> bytes:
    """A signature as JWS writes it: two numbers of 32 bytes."""
    numbers = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def attempts(place: Ground, dice: Random, scale: float) -> Iterator[tuple[str, list, str]]:
    """(what it is, headers, query) of every attempt."""
    good = place.api.token
    for what, token in forged(place, good, dice, scale):
        yield what, [("Authorization", b"Bearer " + token.encode())], ""
    bad = good[:-20] + "A" * 20
    for scheme in ("Basic", "Token", "JWT", "Bearer:", "Bearer\u00a0", "", "Negotiate", "Digest"):
        yield f"scheme {scheme!r}", [("Authorization", f"{scheme} {good}".strip().encode())], ""
    for pair in ((good, bad), (bad, good), (good, "")):
        yield "two headers", [("Authorization", f"Bearer {one}") for one in pair], ""
    yield "in a cookie", [("Cookie", f"Authorization=Bearer {good}; access_token={good}")], ""
    yield "in a neighbour's header", [("X-Authorization", f"Bearer {good}"), ("Proxy-Authorization", good)], ""
    yield "in the query", [], f"?access_token={good}"
    yield "twice in one header", [("Authorization", f"Bearer {good}, Bearer {good}")], ""
    yield "tool token", [("Authorization", f"Bearer {tool_token(place)}")], ""


def tool_token(place: Ground) -> str:
    """A payment tool token: ours, encrypted, and no access token."""
    payer = place.api.invoice()["invoiceAccessToken"]["payload"]
    return place.api.resource(token=payer)["paymentToolToken"]


def forged(place: Ground, good: str, dice: Random, scale: float) -> Iterator[tuple[str, str]]:
    """Every forged token with its name."""
    head, payload, mark = good.split(".")
    header, claims = json.loads(opened(head)), json.loads(opened(payload))
    own = serialization.load_pem_private_key(place.settings.tokens.signing_key_file.read_bytes(), None)
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    yield from without_signature(header, payload, mark)
    yield from by_public_key(header, payload, own)
    yield from by_other_algorithms(header, payload, own)
    yield from by_kid(place, header, claims, own, foreign)
    yield from by_header(header, claims, own, foreign)
    yield from by_claims(header, claims, own)
    yield from damaged(head, payload, mark, claims, dice, scale)


def without_signature(header: dict, payload: str, mark: str) -> Iterator[tuple[str, str]]:
    """alg none, in all spellings."""
    for algorithm in ODD_ALGORITHMS:
        for kept in ({**header, "alg": algorithm}, {"alg": algorithm}):
            for end in ("", mark, "AA"):
                yield f"alg {algorithm!r}", f"{sealed(kept)}.{payload}.{end}"
    yield "no alg", f"{sealed({'kid': header.get('kid')})}.{payload}.{mark}"


def by_public_key(header: dict, payload: str, own: Any) -> Iterator[tuple[str, str]]:
    """HS with what everybody may know as the secret."""
    public = own.public_key()
    form = serialization.PublicFormat
    pems = [
        public.public_bytes(serialization.Encoding.PEM, form.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.PEM, form.PKCS1),
    ]
    secrets = [
        *pems, *(pem.strip() for pem in pems), *(pem.replace(b"\n", b"\r\n") for pem in pems),
        public.public_bytes(serialization.Encoding.DER, form.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.DER, form.PKCS1),
        public.public_numbers().n.to_bytes(256, "big"), b"", b"\0", str(header.get("kid")).encode(), b"secret",
    ]  # fmt: skip
    for size, secret in itertools.product(HASHES, secrets):
        signed = f"{sealed({**header, 'alg': f'HS{size}'})}.{payload}"
        yield f"HS{size}", f"{signed}.{closed(hmac.digest(secret, signed.encode(), HASHES[size]))}"
        as_rs = f"{sealed(header)}.{payload}"
        yield "HMAC as RS256", f"{as_rs}.{closed(hmac.digest(secret, as_rs.encode(), HASHES[size]))}"


def by_other_algorithms(header: dict, payload: str, own: Any) -> Iterator[tuple[str, str]]:
    """Our own key under an algorithm that it is not for."""
    for name, scheme, kind in (
        ("RS384", padding.PKCS1v15(), hashes.SHA384()),
        ("RS512", padding.PKCS1v15(), hashes.SHA512()),
        ("PS256", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
        ("PS384", padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384()),
        ("ES256", padding.PKCS1v15(), hashes.SHA256()),
        ("EdDSA", padding.PKCS1v15(), hashes.SHA256()),
        ("RSA1", padding.PKCS1v15(), hashes.SHA256()),
    ):
        for said in (name, "RS256"):
            if said == "RS256" and name in ("ES256", "EdDSA", "RSA1"):
                continue
            signed = f"{sealed({**header, 'alg': said})}.{payload}"
            yield f"{name} as {said}", f"{signed}.{closed(own.sign(signed.encode(), scheme, kind))}"


def by_kid(place: Ground, header: dict, claims: dict, own: Any, foreign: Any) -> Iterator[tuple[str, str]]:
    """kid as path, query, address, number; another key's kid."""
    for kid in KIDS:
        yield f"kid {str(kid)[:40]!r}", signed_by(foreign, {**header, "kid": kid}, claims)
        yield f"own key, kid {str(kid)[:40]!r}", signed_by(own, {**header, "kid": kid}, claims)
    for file in place.settings.tokens.verification_directory.glob("*.pem"):
        yield f"kid {file.stem}", signed_by(foreign, {**header, "kid": file.stem}, claims)
        yield f"kid {file.name}", signed_by(own, {**header, "kid": file.name}, claims)
    yield "no kid", signed_by(own, {"alg": "RS256"}, claims)


def by_header(header: dict, claims: dict, own: Any, foreign: Any) -> Iterator[tuple[str, str]]:
    """Headers that bring a key along, and those that ask for what we do not do."""
    numbers = foreign.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": closed(numbers.n.to_bytes(256, "big")), "e": "AQAB", "kid": header.get("kid")}
    for more in (
        {"jwk": jwk}, {"jku": "http://127.0.0.1:9/keys"}, {"x5u": "http://127.0.0.1:9/cert"}, {"x5c": ["MIIB"]},
        {"jwk": jwk, "kid": "mine"}, {"jku": "file:///dev/stdin"}, {"x5t": "AA"}, {"iss": "me"},
    ):  # fmt: skip
        yield f"{next(iter(more))}, foreign key", signed_by(foreign, {**header, **more}, claims)
    yield "another issuer's key", signed_by(foreign, header, claims)
    for crit in (["b64"], ["exp"], ["x"], [], "exp", None, {}, 1):
        yield f"crit {crit!r}", signed_by(own, {**header, "crit": crit, "x": 1}, claims)
    yield "b64 false", signed_by(own, {**header, "b64": False}, claims)
    yield "b64 false, critical", signed_by(own, {**header, "b64": False, "crit": ["b64"]}, claims)
    raw = f"{sealed({**header, 'b64': False, 'crit': ['b64']})}.{json.dumps(claims)}"
    yield "payload not encoded", f"{raw}.{closed(own.sign(raw.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def by_claims(header: dict, claims: dict, own: Any) -> Iterator[tuple[str, str]]:
    """Signed by us, but not to be used: expired, without an id, of no party, of a wrong shape, too long."""
    now = int(time.time())
    for changes in (
        *({"exp": exp} for exp in (now - 1, now - 100_000, 1, -1, now + 60.5, str(now + 60), None, True, [], {}, -1e9)),
        *({"jti": jti} for jti in (None, "", 1, [], {}, " ", "x" * 200, "a\nb", "\u0000")),
        *({"sub": sub} for sub in (None, "", 1, [], {}, " ", "x" * 200, "a\nb", "demo\u0000", "demo ")),
        {"padding": "x" * 9000}, {"padding": "x" * 14_000}, {"padding": "x" * 40_000}, {"padding": "x" * 300_000},
    ):  # fmt: skip
        yield f"claims {str(changes)[:60]}", signed_by(own, header, {**claims, **changes})
    for name in ("jti", "sub", "exp"):
        yield f"no {name}", signed_by(own, header, {key: one for key, one in claims.items() if key != name})
    for odd in ([], "x", 1, None, [claims], json.dumps(claims)):
        yield "claims are no object", signed_by(own, header, odd)
    for text in (b"", b"{", b"\xff\xfe", b'{"exp":1e999}', b"[" * 5000, b'{"a":' * 2000, b"NaN"):
        yield "claims are no JSON", signed_text(own, closed(json.dumps(header).encode()), closed(text))
        yield "header is no JSON", signed_text(own, closed(text), closed(json.dumps(claims).encode()))


def damaged(head: str, payload: str, mark: str, claims: dict, dice: Random, scale: float) -> Iterator[tuple[str, str]]:
    """Changed, cut, doubled, padded."""
    token = f"{head}.{payload}.{mark}"
    for changes in ({"sub": "other"}, {"exp": 0}, {"resource_access": {}}, {"jti": "x"}):
        yield "claims changed", f"{head}.{sealed({**claims, **changes})}.{mark}"
    for _ in range(int(150 * scale)):
        for name, text in (("claims", payload), ("signature", mark)):
            raw = bytearray(opened(text))
            raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
            parts = (payload, closed(bytes(raw))) if name == "signature" else (closed(bytes(raw)), mark)
            yield f"a bit of {name}", f"{head}.{parts[0]}.{parts[1]}"
    for end in range(0, len(token) - 1, max(int(9 / scale), 1)):
        yield f"cut at {end}", token[:end] or "x"
    for parts in (
        (head, payload), (head, payload, payload, mark), (head, head, payload, mark), (head, payload, mark, mark),
        ("", payload, mark), (head, "", mark), (head, payload, ""), (payload, head, mark), (mark, payload, head),
        (head, payload, mark, ""), ("", head, payload, mark), ("", "", ""), (head, payload, mark, head, payload, mark),
    ):  # fmt: skip
        yield "segments", ".".join(parts)
    for space in (" ", "\t", "  ", "\u00a0", "%20", "+"):
        for place in (len(head), len(head) + 1, len(head) // 2, len(head) + len(payload) // 2, len(token) - 5):
            yield f"{space!r} within", token[:place] + space + token[place:]
    yield "padded", f"{head}==.{payload}==.{mark}"
    yield "doubled", token + token
    yield "quoted", f'"{token}"'
    yield "as JSON", json.dumps({"protected": head, "payload": payload, "signature": mark})


def signed_by(key: Any, header: dict, claims: Any) -> str:
    """A token signed RS256, whatever its header says."""
    return signed_text(key, sealed(header), sealed(claims))


def signed_text(key: Any, head: str, payload: str) -> str:
    signed = f"{head}.{payload}"
    return f"{signed}.{closed(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def sealed(value: Any) -> str:
    return closed(json.dumps(value).encode())


def closed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def opened(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
