"""Signatures, addresses, the clock, and what is shown of a secret."""

import asyncio
import time

import pytest

from custom_components.cexio.exchange import (
    SYSTEM_CLOCK,
    Clock,
    Credentials,
    Endpoints,
    sign_rest,
    sign_websocket,
)


@pytest.mark.parametrize(
    ("secret", "action", "body", "signature"),
    [
        (
            "base64_string_secret",
            "get_order_book",
            '{"pair":"BTC-USD"}',
            "XE8WBVBha6aWp+ITSVTMBZAvh5RGmyW38Gp1VowJUmQ=",
        ),
        (
            "base64_string_secret",
            "get_my_orders",
            "{}",
            "fSiFM59oalAceZlJq41pe4YlV8Q0UmGk8kxO21FU0rw=",
        ),
        (
            "c2VjcmV0LWtleS1mb3ItdGVzdHM=",
            "get_order_book",
            '{"pair":"BTC-USD"}',
            "dRZSNp7/Y+A0VO9/YxF+mSjjeCoQ+os18DHCUc8UTY0=",
        ),
    ],
)
def test_rest_signature(secret: str, action: str, body: str, signature: str) -> None:
    """The vectors of the reference; the secret is used as issued, never decoded."""
    assert sign_rest(secret, action, 1_700_000_000, body) == signature


def test_signature_with_a_decoded_secret() -> None:
    """The other reading of the reference's prose, for a secret that was meant so."""
    decoded = Credentials("key", "c2VjcmV0LWtleS1mb3ItdGVzdHM=", is_base64=True)
    arguments = ("get_order_book", 1_700_000_000, '{"pair":"BTC-USD"}')
    assert decoded.signing_key == b"secret-key-for-tests"
    assert (
        sign_rest(decoded.signing_key, *arguments)
        == "B3+41uZdZas3SGyg3JcRz66KmTMexnfNiBEtaqTtmzc="
    )
    raw = Credentials("key", decoded.secret)
    assert sign_rest(raw.signing_key, *arguments) == sign_rest(raw.secret, *arguments)
    with pytest.raises(ValueError, match="base64"):
        _ = Credentials("key", "no base64!", is_base64=True).signing_key


@pytest.mark.parametrize(
    ("timestamp", "signature"),
    [
        (
            1_700_000_000,
            "92a84b09d193ff2bce3c44f3e2d410fe8839f64579e2f6fdc8f64a906119231d",
        ),
        (
            "1700000000.123",
            "dec5a6460b2bde26a644a8ea26fd4a41c900d36840befb8b394bb7fde656dbf8",
        ),
    ],
)
def test_websocket_signature(timestamp: int | str, signature: str) -> None:
    """The vectors of the reference."""
    assert sign_websocket("test_secret", timestamp, "test_key") == signature


def test_secrets_are_not_shown() -> None:
    """Neither the secret nor the whole key."""
    shown = repr(Credentials("abcdefghijkl", "top-secret"))
    assert shown == "Credentials(key=abcd…)"
    assert repr(Credentials("short", "top-secret")) == "Credentials(key=…)"


@pytest.mark.parametrize(
    ("base", "rest", "ws"),
    [
        (
            "https://trade.cex.io/api/spot",
            "https://trade.cex.io/api/spot/rest",
            "wss://trade.cex.io/api/spot/ws",
        ),
        (
            " http://127.0.0.1:80/api/spot/ ",
            "http://127.0.0.1:80/api/spot/rest",
            "ws://127.0.0.1:80/api/spot/ws",
        ),
    ],
)
def test_endpoints(base: str, rest: str, ws: str) -> None:
    """All four follow from the base."""
    ends = Endpoints.from_base(base)
    assert (ends.rest, ends.rest_public) == (rest, f"{rest}-public")
    assert (ends.ws, ends.ws_public) == (ws, f"{ws}-public")


def test_the_default_is_the_real_exchange() -> None:
    """Whoever says nothing means the exchange itself."""
    assert Endpoints.from_base().ws_public == "wss://trade.cex.io/api/spot/ws-public"


@pytest.mark.parametrize("base", ["", "trade.cex.io", "ftp://trade.cex.io", "https://"])
def test_an_address_that_is_none_is_refused(base: str) -> None:
    """The text says what is expected."""
    with pytest.raises(ValueError, match="http"):
        Endpoints.from_base(base)


async def test_the_system_clock() -> None:
    """It is the machine's, shifted by what was measured."""
    clock = Clock()
    before = time.time()
    clock.offset = 3600.0
    assert 3590 < clock.exchange_time() - before < 3610
    assert abs((clock.exchange_now().timestamp() - before) - 3600) < 10
    assert clock.monotonic() <= clock.monotonic()
    await clock.sleep(0)
    with pytest.raises(TimeoutError):
        async with clock.timeout(0):
            await asyncio.Event().wait()
    assert SYSTEM_CLOCK.offset == 0.0
