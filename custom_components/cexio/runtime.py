"""What lives with an entry: built once, from what the exchange answered and what the file kept."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant

from .account_stream import AccountStream
from .client import Client
from .const import CONF_NOTICES
from .coordinator import (
    AccountCoordinator,
    CexioAccount,
    CexioConfigEntry,
    CexioRuntimeData,
    ReferenceCoordinator,
)
from .database import Database
from .database_issues import trouble_listener
from .executions import Ledger
from .feed import OPTIONAL_KINDS, Feed, FeedKind
from .fees import FeesCoordinator
from .funding import FundingWatch
from .funds import Funds
from .market import MarketHub
from .portfolio import PortfolioCoordinator, WalletCoordinator
from .portfolio_history import PortfolioHistory
from .price_alerts import PriceAlerts
from .price_history import PriceHistory
from .profit import ProfitCoordinator
from .trading import TradingDesk
from .trouble_watch import TroubleWatch


async def async_create_runtime(
    hass: HomeAssistant,
    entry: CexioConfigEntry,
    client: Client,
    watch: TroubleWatch,
    reference: ReferenceCoordinator,
    balances: AccountCoordinator | None,
    wallet: WalletCoordinator | None,
    database: Database,
) -> CexioRuntimeData:
    """Build what lives with the entry, and read what it kept."""
    feed = Feed(
        database, trouble_listener(hass, entry, database.path), _wanted_kinds(entry)
    )
    await feed.async_load()
    markets = MarketHub(hass, entry, client.rest, client.public_stream, reference)
    account: CexioAccount | None = None
    if balances and wallet and client.private_stream:
        ledger = Ledger(database, feed)
        await ledger.async_load()
        desk = TradingDesk(
            hass,
            entry,
            rest=client.rest,
            stream=client.private_stream,
            database=database,
            reference=reference,
            balances=balances,
            markets=markets,
            ledger=ledger,
        )
        await desk.async_load()
        stream = AccountStream(
            hass,
            entry,
            rest=client.rest,
            stream=client.private_stream,
            clock=client.clock,
            balances=balances,
            ledger=ledger,
            outcomes=desk.outcomes,
        )
        portfolio = PortfolioCoordinator(
            hass,
            entry,
            markets=markets,
            reference=reference,
            balances=balances,
            wallet=wallet,
            database=database,
        )
        profit = ProfitCoordinator(
            hass,
            entry,
            rest=client.rest,
            reference=reference,
            portfolio=portfolio,
            database=database,
        )
        account = CexioAccount(
            balances,
            ledger,
            stream,
            desk,
            Funds(hass, entry),
            FundingWatch(
                hass,
                entry,
                rest=client.rest,
                stream=client.private_stream,
                database=database,
                feed=feed,
                ledger=ledger,
            ),
            wallet,
            portfolio,
            FeesCoordinator(hass, entry, client.rest),
            profit,
            PortfolioHistory(
                hass,
                entry,
                rest=client.rest,
                reference=reference,
                balances=balances,
                portfolio=portfolio,
                profit=profit,
                database=database,
            ),
        )
    await watch.troubles.async_load(database, feed)
    return CexioRuntimeData(
        client=client,
        rest=client.rest,
        reference=reference,
        markets=markets,
        database=database,
        feed=feed,
        alerts=PriceAlerts(hass, entry, database, feed, markets),
        price_history=PriceHistory(hass, entry, rest=client.rest, reference=reference),
        watch=watch,
        account=account,
    )


def _wanted_kinds(entry: CexioConfigEntry) -> Callable[[FeedKind], bool]:
    """Return what tells which kinds of entries the options let into the feed."""

    def is_wanted(kind: FeedKind) -> bool:
        """Tell whether a kind is told, as the options are at present."""
        return kind not in OPTIONAL_KINDS or kind in entry.options.get(
            CONF_NOTICES, OPTIONAL_KINDS
        )

    return is_wanted
