"""What the fake Home Assistant tells of markets and of the past."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

type Json = dict[str, Any]

CANDLE_SPANS = {
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
}
START = datetime(2027, 1, 10, tzinfo=UTC)


def get_order_book(data: Json) -> Json:
    """Return a book of levels one apart."""
    count = min(int(data["depth"]), 30)
    return {
        "order_book": {
            "pair": data["pair"],
            "timestamp": START.isoformat(),
            "bids": [
                {"price": str(60499 - level), "amount": f"0.{level + 1:02}"}
                for level in range(count)
            ],
            "asks": [
                {"price": str(60501 + level), "amount": f"1.{level + 1:02}"}
                for level in range(count)
            ],
        }
    }


def get_candles(data: Json) -> Json:
    """Return candles that go up and down by turns."""
    span = CANDLE_SPANS[data["resolution"]]
    return {
        "candles": [
            {
                "start": (START + number * span).isoformat(),
                "open": "60000",
                "high": str(60200 + number),
                "low": str(59900 - number),
                "close": "60100" if number % 3 else "59950",
                "volume": None if number == 5 else str(number % 7),
                "closed": number < 119,
            }
            for number in range(data["limit"])
        ]
    }


def executions(data: Json, entries: list[Json]) -> Json:
    """Return entries of the journal, newest first, as the action does."""
    found = [entry for entry in reversed(entries) if entry["kind"] == "execution"]
    for field in ("pair", "order_id", "client_order_id"):
        if field in data:
            found = [
                entry for entry in found if entry["data"]["order"][field] == data[field]
            ]
    return {"executions": found[: data.get("limit", 50)]}


def get_fees(data: Json) -> Json:
    """Return the fees in force and a schedule of three steps."""
    steps = (("0.25", "10000"), ("0.20", "100000"), ("0.10", "1000000"))
    schedule = [{"percent": fee, "up_to_volume": volume} for fee, volume in steps]
    return {
        "fees": dict.fromkeys(data["pairs"], "0.20"),
        "volume": {"period": "30d", "volume": "12500.5", "currency": "USD"},
        "strategy": {
            "week": {"default": schedule, "tiers": []},
            "weekend": {"default": schedule, "tiers": []},
        },
    }


def get_transactions(data: Json) -> Json:
    """Return a page of a ledger of 23 entries."""
    kinds = ("trade", "internal_transfer", "commission", "deposit", "something_new")
    rows = [
        {
            "transaction_id": str(number),
            "time": (START - timedelta(hours=number)).isoformat(),
            "account_id": "trading" if number % 2 else "",
            "type": kinds[number % 5],
            "amount": "0.01" if number % 3 else "-600.00",
            "currency": "BTC" if number % 3 else "USD",
            "details": "<b>",
        }
        for number in range(23)
    ]
    wanted = [row for row in rows if data.get("type") in (None, row["type"])]
    first = (data["page"] - 1) * data["limit"]
    return {"transactions": wanted[first : first + data["limit"]]}


def get_funding_history(data: Json) -> Json:
    """Return deposits in each state; there are no withdrawals."""
    if data["direction"] == "withdraw" or data["page"] > 1:
        return {"fundings": []}
    return {
        "fundings": [
            {
                "transaction_id": status,
                "account_id": account,
                "currency": "BTC",
                "direction": "deposit",
                "amount": "0.50000000",
                "commission": commission,
                "status": status,
                "updated": START.isoformat() if status != "odd" else None,
            }
            for status, commission, account in (
                ("pending", "0", ""),
                ("approved", "0.0001", "trading"),
                ("odd", None, ""),
            )
        ]
    }


def get_portfolio(data: Json) -> Json:
    """Return some assets, one of them without a price."""
    assets = [
        ("BTC", "1.5", "60500", "90750", "90.5", "89500", "1250"),
        ("ETH", "2", "3000.5", "6001", "6.1", "6100", "-99"),
        ("USD", "3400", "1", "3400", "3.4", None, None),
        ("XYZ", "5", None, None, None, None, None),
    ]
    return {
        "portfolio": {
            "currency": "USD",
            "value": "100151",
            "on_hold_value": "600",
            "change_24h": "512.25",
            "change_24h_percentage": "0.51",
            "realised_profit": "-20.5",
            "unrealised_profit": "1151",
            "unpriced": ["XYZ"],
            "assets": [
                {
                    "currency": currency,
                    "total": total,
                    "price": price,
                    "value": value,
                    "share_percentage": share,
                    "path": [],
                    "cost_basis": cost,
                    "realised_profit": None,
                    "unrealised_profit": profit,
                }
                for currency, total, price, value, share, cost, profit in assets
            ],
        }
    }


def get_deposit_address(data: Json) -> Json:
    """Return an address; XRP needs a memo."""
    return {
        "deposit_address": {
            "account_id": data.get("account_id", "trading"),
            "currency": data["currency"],
            "blockchain": data.get("blockchain", data["currency"].lower()),
            "address": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "memo": "104382" if data["currency"] == "XRP" else None,
            "minimum": None if data["currency"] == "XRP" else "0.0005",
        }
    }


STATUS: Json = {
    "home_assistant_version": "2026.11.0",
    "integration_version": "1.0.0",
    "stream_connected": True,
    "stream_delay_ms": 41.7,
    "points": {
        "key": {"used": 12, "limit": 300},
        "address": {"used": 40, "limit": 1200},
    },
    "last_recovery": {
        "at": START.isoformat(),
        "missed_fills": 2,
        "points": 15,
        "seconds": 1.25,
    },
    "maintenance": [],
    "trading_enabled": True,
    "trading_entity_id": "switch.cex_io_trading",
    "troubles": [],
    "watched_pairs": ["BTC-USD", "ETH-USD"],
}

MARKET_SERVICES: dict[str, Any] = {
    "get_order_book": get_order_book,
    "get_candles": get_candles,
    "get_fees": get_fees,
    "get_transactions": get_transactions,
    "get_funding_history": get_funding_history,
    "get_portfolio": get_portfolio,
    "get_deposit_address": get_deposit_address,
}


def ticker(pair: str, price: str) -> Json:
    """Return a ticker in which everything is at a price."""
    return {
        "pair": pair,
        **dict.fromkeys(("bid", "ask", "last", "mid"), price),
        "high": format(Decimal(price) * 2, "f"),
        "low": "1",
        "volume": "12.5",
        "change_percentage": "1.25",
    }
