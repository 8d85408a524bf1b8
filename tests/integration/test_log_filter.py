"""No key, secret or signature reaches a handler of the log."""

from collections.abc import Iterator
import logging
from typing import Any, override
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
import pytest

from custom_components.cexio import log_filter
from custom_components.cexio.exchange import RestClient
from custom_components.cexio.log_filter import REDACTED, RedactingFilter, async_redact
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act, switch_trading

SIGNATURE = "yA7qD2mYx0t3kV9bZl5PpJ1sWc8nRf4gHu6eTiOoKLs="


class Collector(logging.Handler):
    """Keeps what it would write."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.lines.append(self.format(record))

    @property
    def text(self) -> str:
        """Everything that was written."""
        return "\n".join(self.lines)


@pytest.fixture(autouse=True)
def fresh_filter() -> Iterator[None]:
    """Begin without what another test left."""
    with patch.object(log_filter, "_FILTER", RedactingFilter()):
        yield


@pytest.fixture
def log() -> Iterator[Collector]:
    """Collect everything from the most talkative level on."""
    collector = Collector()
    root = logging.getLogger()
    level = root.level
    root.addHandler(collector)
    root.setLevel(logging.DEBUG)
    yield collector
    root.setLevel(level)
    root.removeHandler(collector)


class Clumsy:
    """Something that cannot be shown."""

    @override
    def __str__(self) -> str:
        """Fail."""
        raise ValueError("no")


async def test_nothing_of_a_working_day_is_secret(
    hass: HomeAssistant,
    log: Collector,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
) -> None:
    """Requests, a stream and an order leave no trace of the key, however much is logged."""
    await switch_trading(hass)
    await act(
        hass,
        "place_order",
        pair="BTC-USD",
        side="buy",
        order_type="market",
        amount="0.01",
    )
    await hass.async_block_till_done()
    assert "aiohttp" in log.text or "Finished fetching cexio" in log.text
    assert exchange.key not in log.text
    assert exchange.secret not in log.text


async def test_every_way_into_the_log(
    hass: HomeAssistant,
    log: Collector,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
) -> None:
    """Messages, arguments, tracebacks, causes and stacks of any logger are clean."""
    key, secret = exchange.key, exchange.secret
    logger = logging.getLogger("aiohttp.stranger")
    logger.warning(f"plain {secret}")  # noqa: G004 - strangers do this
    logger.warning("argument %s and %r", secret, {"key": key})
    logger.warning("bytes %r", f"X-AGGR-KEY: {key}".encode())
    logger.warning("header {'X-AGGR-SIGNATURE': '%s'}", SIGNATURE)
    logger.warning('message {"signature":"%s"}', "ab12" * 16)
    logger.warning("twice %r", f'{{\\"signature\\": \\"{SIGNATURE}\\"}}')
    error = RuntimeError(f"with {key}")
    error.__cause__ = KeyError(secret)
    logger.error("failed", exc_info=error)
    logger.error("failed otherwise", exc_info=ValueError("nothing secret"))
    logger.warning("stack", stack_info=True)
    record = logger.makeRecord("x", logging.ERROR, "x", 1, "late", (), None)
    record.exc_text, record.stack_info = f"exc {secret}", f"stack {secret}"
    logger.handle(record)
    logger.warning("clumsy %s %s", secret, Clumsy())
    assert log.text.count(REDACTED) >= 10
    for leaked in (key, secret, SIGNATURE, "ab12ab12"):
        assert leaked not in log.text
    assert "RuntimeError: with **REDACTED**" in log.text
    assert "ValueError: nothing secret" in log.text
    logger.warning("nothing to hide: %s", "BTC-USD")
    assert log.lines[-1].endswith("nothing to hide: BTC-USD")


async def test_wrong_arguments_are_not_printed(
    hass: HomeAssistant,
    log: Collector,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
) -> None:
    """A message that does not fit its arguments would be printed with all of them."""
    logging.getLogger("stranger").warning("%d coins", exchange.secret)
    assert exchange.secret not in log.text
    assert "does not fit" in log.lines[-1]


async def test_set_up_is_redacted_too(
    hass: HomeAssistant, log: Collector, exchange: ExchangeServer
) -> None:
    """While the flow tries a key, it is not logged either; afterwards nothing is kept."""

    async def complain(*args: Any, **kwargs: Any) -> None:
        logging.getLogger("stranger").warning("trying %s", exchange.secret)
        raise RuntimeError

    flows = hass.config_entries.flow
    result = await flows.async_init("cexio", context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "account"})
    fields = {
        "api_key": exchange.key,
        "api_secret": exchange.secret,
        "server": {"url": exchange.base},
    }
    with (
        patch.object(RestClient, "get_my_account_status_v3", complain),
        pytest.raises(RuntimeError),
    ):
        await flows.async_configure(result["flow_id"], fields)
    assert f"trying {REDACTED}" in log.text
    assert log_filter._FILTER not in log.filters


async def test_the_filter_leaves_with_the_last_entry(
    hass: HomeAssistant,
    log: Collector,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
) -> None:
    """A secret is kept as long as anybody uses it, and no longer."""
    release = async_redact([exchange.secret, "short"])
    await hass.config_entries.async_unload(entry.entry_id)
    assert log_filter._FILTER in log.filters
    logging.getLogger("stranger").warning("short %s", exchange.secret)
    assert log.lines[-1].endswith(f"short {REDACTED}")
    release()
    assert log_filter._FILTER not in log.filters
