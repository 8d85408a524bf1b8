"""What the fake Home Assistant does beyond single orders: cancel all, move funds, switch trading."""

from typing import Any

type Json = dict[str, Any]


def cancel_all_orders(orders: dict[str, Json], data: Json) -> Json:
    """Cancel the open orders, of one account or of all."""
    found = [
        order
        for order in orders.values()
        if order["status"] in ("new", "partially_filled")
        and data.get("account_id") in (None, order["account_id"])
    ]
    for order in found:
        order["status"] = "cancelled"
    return {"client_order_ids": [order["client_order_id"] for order in found]}


class Moves:
    """Moves of funds; the same client transaction id moves nothing twice."""

    def __init__(self) -> None:
        """Begin with none."""
        self.done: dict[str, Json] = {}
        self.status = "approved"

    def move(self, kind: str, data: Json) -> Json:
        """Move funds, or tell of the move that was made."""
        moved = {"kind": kind, **data, "transaction_id": "9", "status": self.status}
        return {"move": self.done.setdefault(data["client_transaction_id"], moved)}

    def transfer(self, data: Json) -> Json:
        """Move between sub-accounts."""
        return self.move("transfer", data)

    def deposit(self, data: Json) -> Json:
        """Move from the wallet."""
        return self.move("deposit_from_wallet", data)

    def withdraw(self, data: Json) -> Json:
        """Move to the wallet."""
        return self.move("withdraw_to_wallet", data)
