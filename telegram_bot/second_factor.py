"""Codes of an authenticator app (RFC 6238) and PINs: made, kept as a hash, recognised."""

import hashlib
import hmac
import re
import secrets

import pyotp

ISSUER = "CEX.IO companion"
PIN_DIGITS = range(4, 13)
STEP_SECONDS = 30
# RFC 6238, 5.2: one step each way for clocks that differ and fingers that are slow.
_WINDOW = (0, -1, 1)
# Some 16 MB and a tenth of a second each time; what guards a short PIN is that wrong ones are counted.
_WORK, _BLOCK, _LANES, _MOST_BYTES = 2**14, 8, 5, 2**26
_PIN_HASH = re.compile(r"scrypt\$([0-9a-f]{32})\$([0-9a-f]{64})")
# RFC 4226, 4: 128 bits or more.
_TOTP_SECRET = re.compile(r"[A-Z2-7]{26,128}=*")


def new_totp_secret() -> str:
    """Return a new secret for an authenticator app: 160 random bits in base 32."""
    return pyotp.random_base32()


def provisioning_uri(totp_secret: str, account: str) -> str:
    """Return what an authenticator app reads from a QR code: `otpauth://totp/…` with the secret in it.

    Args:
        totp_secret: of `new_totp_secret`.
        account: under which name the app shows it, such as the bot's user name.
    """
    return pyotp.TOTP(totp_secret).provisioning_uri(name=account, issuer_name=ISSUER)


def is_totp_secret(text: str) -> bool:
    """Return whether a text can be a secret: base 32 of 128 bits or more."""
    return _TOTP_SECRET.fullmatch(text) is not None


def is_pin(text: str) -> bool:
    """Return whether a text can be a PIN."""
    return re.fullmatch(r"[0-9]+", text) is not None and len(text) in PIN_DIGITS


def hash_pin(pin: str) -> str:
    """Return what is kept of a PIN: a salted scrypt hash.

    Raises:
        ValueError: it is not 4 to 12 digits.
    """
    if not is_pin(pin):
        raise ValueError("a PIN has 4 to 12 digits")
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(pin, salt).hex()}"


def is_pin_hash(text: str) -> bool:
    """Return whether a text is of `hash_pin`."""
    return _PIN_HASH.fullmatch(text) is not None


def totp_step(totp_secret: str, code: str, now: float) -> int | None:
    """Return the time step whose code this is, None when it is of no step that may be used now."""
    totp = pyotp.TOTP(totp_secret, interval=STEP_SECONDS)
    found = None
    # All are compared whichever fits: how long it takes shall tell nothing.
    for step in (int(now) // STEP_SECONDS + offset for offset in _WINDOW):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            found = step
    return found


def is_pin_of(pin: str, pin_hash: str) -> bool:
    """Return whether a PIN is the one that was hashed; it takes a while, on purpose."""
    if (match := _PIN_HASH.fullmatch(pin_hash)) is None:
        return False
    salt, digest = (bytes.fromhex(part) for part in match.groups())
    return hmac.compare_digest(_scrypt(pin, salt), digest)


def _scrypt(pin: str, salt: bytes) -> bytes:
    """Return the slow hash of a PIN."""
    return hashlib.scrypt(
        pin.encode(),
        salt=salt,
        n=_WORK,
        r=_BLOCK,
        p=_LANES,
        maxmem=_MOST_BYTES,
        dklen=32,
    )
