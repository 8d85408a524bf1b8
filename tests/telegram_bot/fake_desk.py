"""What the fake Home Assistant does for a person who trades: prices, balances, orders, price alerts."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

type Json = dict[str, Any]
type Service = Callable[[Json], Awaitable[Json] | Json]

PAIRS: dict[str, Json] = {
    pair: {
        "base": pair.partition("-")[0],
        "quote": pair.partition("-")[2],
        "base_min": "0.0001",
        "base_max": "100",
        "base_lot_size": "0.00000001",
        "quote_min": "1",
        "quote_max": "1000000",
        "quote_lot_size": "0.01",
        "price_precision": 2,
        "min_price": "0.01",
        "max_price": "1000000",
    }
    for pair in ("BTC-USD", "ETH-USD", "BTC-EUR", "ETH-BTC", "SHIB-USD")
}
PRICES = {
    "BTC-USD": "60500",
    "ETH-USD": "3000.5",
    "BTC-EUR": "55000",
    "ETH-BTC": "0.05",
    "SHIB-USD": "0.00001234",
}


class Refusal(Exception):
    """An error that an action answers with."""

    def __init__(
        self,
        key: str | None,
        text: str,
        *,
        code: str = "service_validation_error",
        **placeholders: str,
    ) -> None:
        """Keep what goes over the wire."""
        super().__init__(text)
        self.error: Json = {
            "code": code,
            "message": f"Validation error: {text}"
            if code.startswith("service")
            else text,
        }
        if key:
            self.error |= {
                "translation_key": key,
                "translation_domain": "cexio",
                "translation_placeholders": placeholders,
            }


class FakeDesk:
    """Some money and no orders; the actions that look at them and change them."""

    def __init__(self) -> None:
        """Begin with nothing open."""
        self.orders: dict[str, Json] = {}
        self.alerts: dict[str, Json] = {}
        self.placed_status = "new"
        self.finds_one = True

    def desk_services(self) -> dict[str, Service]:
        """Return the actions by their names."""
        return {
            "get_trading_conditions": lambda data: {"pairs": PAIRS},
            "list_price_alerts": lambda data: {"alerts": list(self.alerts.values())},
            "get_ticker": self._get_ticker,
            "get_balances": self._get_balances,
            "get_orders": self._get_orders,
            "get_order": self._get_order,
            "preview_order": self._preview_order,
            "place_order": self._place_order,
            "cancel_order": self._cancel_order,
            "add_price_alert": self._add_price_alert,
            "update_price_alert": self._update_price_alert,
            "remove_price_alert": self._remove_price_alert,
        }

    def _get_ticker(self, data: Json) -> Json:
        """Return prices."""
        return {
            "tickers": {
                pair: {
                    "pair": pair,
                    "bid": PRICES[pair],
                    "ask": PRICES[pair],
                    "last": PRICES[pair],
                    "mid": PRICES[pair],
                    "high": "61000.00",
                    "low": "59000.00",
                    "volume": "12.5",
                    "change_percentage": "1.25",
                }
                for pair in data["pairs"]
            }
        }

    def _get_balances(self, data: Json) -> Json:
        """Return balances."""
        rows = [
            ("", "USD", "1000.00", "0"),
            ("trading", "BTC", "1.50000000", "0.5"),
            ("trading", "USD", "50000.00", "0"),
        ]
        return {
            "balances": [
                {
                    "account_id": account,
                    "currency": currency,
                    "total": total,
                    "available": format(Decimal(total) - Decimal(held), "f"),
                    "on_hold": held,
                }
                for account, currency, total, held in rows
            ]
        }

    def _get_orders(self, data: Json) -> Json:
        """Return open orders, or one order in any state."""
        if data and not self.finds_one:
            raise Refusal(None, "extra keys not allowed @ data", code="invalid_format")
        orders = list(self.orders.values())
        for name, value in data.items():
            orders = [order for order in orders if order[name] == value]
        if not data:
            orders = [
                order
                for order in orders
                if order["status"] in ("new", "partially_filled")
            ]
        return {"orders": orders}

    def _get_order(self, data: Json) -> Json:
        """Return one order in any state."""
        for order in self.orders.values():
            if all(order[name] == value for name, value in data.items()):
                return {"order": order}
        raise Refusal("unknown_order", "The exchange knows no such order.")

    def _preview_order(self, data: Json) -> Json:
        """Work out what an order would do."""
        base, _, quote = data["pair"].partition("-")
        price = Decimal(data.get("price") or PRICES[data["pair"]])
        amount = (
            Decimal(data["amount"])
            if "amount" in data
            else Decimal(data["quote_amount"]) / price
        )
        cost = amount * price
        fee = cost * Decimal("0.0025")
        buys = data["side"] == "buy"
        sign = 1 if buys else -1
        return {
            "preview": {
                "account_id": data.get("account_id", "trading"),
                "pair": data["pair"],
                "side": data["side"],
                "order_type": data["order_type"],
                "amount": format(amount, "f"),
                "quote_amount": data.get("quote_amount"),
                "price": data.get("price"),
                "stop_price": data.get("stop_price"),
                "time_in_force": data.get("time_in_force", "gtc"),
                "expire_time": data.get("expire_time"),
                "cost": format(cost, "f"),
                "fee": format(fee, "f"),
                "fee_percentage": "0.25",
                "fee_currency": quote,
                "total": format(cost + sign * fee, "f"),
                "base_currency": base,
                "quote_currency": quote,
                "balance_before": {base: "1.5", quote: "50000"},
                "balance_after": {
                    base: format(Decimal("1.5") + sign * amount, "f"),
                    quote: format(50000 - sign * cost - fee, "f"),
                },
                "market_price": PRICES[data["pair"]],
                "distance_percentage": "-0.83" if data.get("price") else None,
                "slippage_percentage": None if data.get("price") else "0.02",
                "warnings": [],
            }
        }

    def _place_order(self, data: Json) -> Json:
        """Place an order; the same client order id never makes two."""
        order = self.orders.get(data["client_order_id"])
        if order is None:
            order = make_order(
                order_id=f"1000{len(self.orders) + 1}",
                client_order_id=data["client_order_id"],
                pair=data["pair"],
                side=data["side"],
                order_type=data["order_type"],
                amount=data.get("amount"),
                quote_amount=data.get("quote_amount"),
                price=data.get("price"),
                status=self.placed_status,
            )
            self.orders[data["client_order_id"]] = order
        return {"order": order}

    def _cancel_order(self, data: Json) -> Json:
        """Cancel an order."""
        for order in self.orders.values():
            if order["order_id"] == data["order_id"]:
                order["status"] = "cancelled"
                return {"order": order}
        raise Refusal("unknown_order", "There is no such open order.")

    def _add_price_alert(self, data: Json) -> Json:
        """Keep an alert."""
        absent = dict.fromkeys(("price", "percentage", "window", "direction"))
        alert = {
            "alert_id": f"alert{len(self.alerts) + 1}",
            "repeat": False,
            "cooldown": None,
            "enabled": True,
            "active": True,
            "created": "2027-01-15T08:00:00+00:00",
            "last_fired": None,
            **absent,
            **data,
        }
        self.alerts[alert["alert_id"]] = alert
        return {"alert": alert}

    def _update_price_alert(self, data: Json) -> Json:
        """Change an alert."""
        if data["alert_id"] not in self.alerts:
            raise Refusal("unknown_alert", "There is no such alert.")
        self.alerts[data["alert_id"]] |= data
        return {"alert": self.alerts[data["alert_id"]]}

    def _remove_price_alert(self, data: Json) -> Json:
        """Forget an alert."""
        if self.alerts.pop(data["alert_id"], None) is None:
            raise Refusal("unknown_alert", "There is no such alert.")
        return {}


def make_order(**changes: Any) -> Json:
    """Return an order as the integration describes it."""
    return {
        "order_id": "777",
        "client_order_id": "elsewhere-1",
        "account_id": "trading",
        "pair": "BTC-USD",
        "side": "buy",
        "order_type": "limit",
        "time_in_force": "gtc",
        "status": "new",
        "price": "60000",
        "stop_price": None,
        "amount": "0.01",
        "quote_amount": None,
        "executed_amount": "0",
        "executed_quote_amount": "0",
        "average_price": None,
        "fee_amount": None,
        "fee_currency": None,
        "created": "2027-01-15T08:00:00+00:00",
        "updated": "2027-01-15T08:00:00+00:00",
        "reject_code": None,
        "reject_reason": None,
        "comment": None,
    } | changes
