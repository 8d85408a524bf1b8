"""What the answers of the reference become: by the key of each example."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from custom_components.cexio.exchange import (
    InvalidRequestError,
    OrderFundsError,
    OrderRejectedError,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    UnsupportedPairError,
)
from custom_components.cexio.exchange.models import BookLevel

from .looks import (
    D,
    address,
    bitcoin,
    book,
    candle,
    executed,
    fees,
    funding,
    last_candles,
    ledger,
    moment,
    order,
    pair,
    rejected,
    trade,
    wallet,
)

NOON = datetime(2023, 2, 10, 12, tzinfo=UTC)
ONE_HOUR_CANDLE = (
    moment(2023, 2, 9, 14),
    D("22945.3"),
    D("23163.4"),
    D(22913),
    D("22920.1"),
    D("779.00675644"),
    True,
)
ACCEPTED = (
    "17062",
    "1521711134775",
    "testAccount",
    OrderStatus.NEW,
    False,
    "BTC-USD",
    Side.SELL,
    OrderType.LIMIT,
    TimeInForce.GTC,
)
BTC_USD = ("BTC-USD", D("0.0004"), D(60), D("0.00000001"), 8, 1, D(1700), D(211250))
CANCELLED_IDS = ["1575459943138", "1575459942041"]
XRP = (None, "rE1sdh25BJQ3qFwngiTBwaq3zPGGYcrjp1", "65629")
LAST = (
    (moment(2023, 2, 10, 15), D("21791.3")),
    UnsupportedPairError,
    "Unsupported pair XXX-YYY",
)
BITCOIN = ("Bitcoin", "coin", True, D("0.002"), D("0.0005"), None, 2)
FUNDING = (
    "148126",
    "100107_test",
    "withdraw",
    D("81.04"),
    D("1.14"),
    "approved",
    moment(2021, 2, 19, 10, 56, 25, ms=272),
)
TRADE_ROWS = [
    ("trade_335805_finalization_BTC", "trade", D("0.002"), "BTC"),
    ("trade_335805_finalization_USD", "trade", D("-33.40944038"), "USD"),
    ("commission_trade_335805", "commission", D("-0.16704721"), "USD"),
]
BOOK = (
    "BTC-USD",
    BookLevel(D("21770.5"), D("0.00990261")),
    BookLevel(D("21840.9"), D("26.98043900")),
    moment(2023, 2, 10, 13, 53, 41, ms=433),
    None,
)
FIRST_TRADE = (
    "BTC-USD",
    "1675399566795-0",
    moment(2023, 2, 3, 4, 46, 6, ms=795),
    Side.SELL,
    D("21149.2"),
    D(10),
)
# What each answer must have become: how to look at the result, and what is to be seen.
ANSWERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "4.A.1/get_order_book/0": (book, BOOK),
    "4.A.2/get_candles/0": (lambda r: [candle(c) for c in r], [ONE_HOUR_CANDLE]),
    "4.A.2/get_candles/1": (last_candles, LAST),
    "4.A.2 empty/get_candles/0": (
        lambda r: [candle(c) for c in r],
        [(moment(2023, 2, 10, 15), None, None, None, None, None, False)],
    ),
    "4.A.3/get_trade_history/0": (lambda r: (len(r), trade(r[0])), (3, FIRST_TRADE)),
    "4.A.4/get_ticker/0": (
        lambda r: (
            r["BTC-USD"].best_bid,
            r["BTC-USD"].best_ask_change_percentage,
            r["BTC-USD"].volume_30d,
            r["BTC-USD"].last_trade_time,
        ),
        (
            D("23771.3"),
            D("-1.49"),
            D("1311.83096457"),
            moment(2023, 2, 23, 12, 26, 13, ms=486),
        ),
    ),
    "4.A.5/get_server_time/0": (lambda r: r, moment(2009, 1, 6, 10, 51, 42, ms=398)),
    "4.A.6/get_pairs_info/0": (pair, BTC_USD),
    "4.A.7/get_currencies_info/0": (
        lambda r: [(c.code, c.fiat, c.precision, c.wallet_precision) for c in r],
        [("ETH", False, 8, 6), ("USD", True, 8, 2)],
    ),
    "4.A.8/get_processing_info/0": (bitcoin, BITCOIN),
    "4.B.1/get_my_current_fee/0": (
        lambda r: r,
        {"BTC-USD": D("0.5"), "ETH-USD": D("0.5")},
    ),
    "4.B.2/get_fee_strategy/0": (
        fees,
        (
            8,
            D("0.10"),
            D(20000000),
            ("reducedFee", "Reduced Fee", ("BCH-USD", "ETH-USD"), D("0.15")),
            D("0.22"),
            D("0.07"),
        ),
    ),
    "4.B.3/get_my_volume/0": (
        lambda r: (r.period, r.volume, r.currency),
        ("30d", D("35016.9181338"), "USD"),
    ),
    "4.B.4/do_create_account/0": (lambda r: r, "account2"),
    "4.B.5/get_my_account_status_v3/0": (
        lambda r: (
            r.balances[""]["BTC"].available,
            r.balances["subAccount2"]["USD"].converted,
            [(f.promotion, f.amount, f.expires) for f in r.fee_balances],
        ),
        (
            D("564.88201513"),
            D(123),
            [
                ("lifetimeBonus", D(50), None),
                ("welcome_bonus", D(15), moment(2023, 7, 28, 17, 20)),
            ],
        ),
    ),
    "4.B.5 no match/get_my_account_status_v3/0": (lambda r: r.balances, {}),
    "4.B.5 hold/get_my_account_status_v3/0": (
        lambda r: (r.balances[""]["USD"].total, r.balances[""]["USD"].available),
        (D("100.79438200"), D("30.79438200")),
    ),
    "4.B.7/get_my_wallet_balance/0": (lambda r: (len(r), r["EUR"]), (4, D("728.99"))),
    "4.B.8/get_my_orders/0": (
        lambda r: (
            order(r[0]),
            executed(r[0]),
            r[0].initial_on_hold_amount,
            r[0].updated,
        ),
        (
            (
                "18",
                "1465299852968-0",
                "",
                OrderStatus.NEW,
                False,
                "BTC-EUR",
                Side.SELL,
                OrderType.LIMIT,
                TimeInForce.GTC,
            ),
            (D("0.02"), None, D(0), D(0), None, D(0), "EUR"),
            D("0.02"),
            moment(2018, 1, 23, 9, 29, 8, ms=983),
        ),
    ),
    "4.B.8 rejected/get_my_orders/0": (
        lambda r: (r[0].status, r[0].is_final, r[0].reject_code, r[0].reject_reason),
        (OrderStatus.REJECTED, True, 403, "Insufficient funds"),
    ),
    "7.3 filled market/get_my_orders/0": (
        lambda r: (executed(r[0]), r[0].price, r[0].initial_on_hold_quote_amount),
        (
            (
                None,
                D("10.20904439"),
                D("25.606429"),
                D("10.20904439"),
                D("0.3986"),
                D("0.02552261"),
                "USDT",
            ),
            None,
            D("10.23456700"),
        ),
    ),
    "4.B.9/do_my_new_order/0": (
        lambda r: (order(r), executed(r), r.comment),
        (
            ACCEPTED,
            (D("0.01"), None, D(0), D(0), None, D(0), "USD"),
            "v_overdraft_test",
        ),
    ),
    "4.B.9/do_my_new_order/1": (
        rejected,
        (OrderFundsError, 403, "Insufficient funds", "338306"),
    ),
    "4.B.9 437/do_my_new_order/0": (
        rejected,
        (OrderRejectedError, 437, "Too many active orders", "338306"),
    ),
    "5.3 414/do_my_new_order/0": (
        rejected,
        (OrderRejectedError, 414, "minOrderAmountCcy1 che", None),
    ),
    "5.3 424/do_my_new_order/0": (
        rejected,
        (OrderRejectedError, 424, "ClientTime should be w", None),
    ),
    "5.3 405/do_my_new_order/0": (
        rejected,
        (OrderRejectedError, 405, "Either AmountCcy1 (Ord", None),
    ),
    "7.2 filled at once/do_my_new_order/0": (
        lambda r: (r.status, r.time_in_force, r.price, executed(r), r.created),
        (
            OrderStatus.FILLED,
            None,
            None,
            (
                D("0.23"),
                None,
                D("0.23"),
                D("15.0903"),
                D("65.61"),
                D("0.03772575"),
                "USDT",
            ),
            moment(2024, 9, 19, 11, 58, 44, ms=249),
        ),
    ),
    "4.B.10/do_cancel_my_order/0": (lambda r: r, None),
    "4.B.11/do_cancel_all_orders/0": (lambda r: r, CANCELLED_IDS),
    "8 cancel all/do_cancel_all_orders/0": (lambda r: r, ["1689534607845"]),
    "4.B.15/get_my_transaction_history/0": (ledger, TRADE_ROWS),
    "4.B.15 deposit/get_my_transaction_history/0": (
        ledger,
        [("deposit_135857381", "deposit", D("0.05"), "BTC")],
    ),
    "4.B.16/get_my_funding_history/0": (funding, FUNDING),
    "4.B.17/do_my_internal_transfer/0": (lambda r: r, "777"),
    "4.B.19/get_deposit_address/0": (
        address,
        ("n2saq73aDTu42bRgEHd8gd4to1gCzHxrdj", None, None),
    ),
    "4.B.19 XRP/get_deposit_address/0": (address, XRP),
    "4.B.20/do_deposit_funds_from_wallet/0": (
        wallet,
        (
            "testAccount1",
            "tx-depositFromWallet-test-1684398846720_1",
            "BTC",
            "approved",
        ),
    ),
    "4.B.21/do_withdrawal_funds_to_wallet/0": (
        wallet,
        ("testAccount1", "tx-withdrawToWallet-test-1684399377964_1", "XRP", "pending"),
    ),
    "3.1/get_order_book/0": (book, BOOK),
    "3.4/get_candles/0": (lambda r: [candle(c) for c in r], [ONE_HOUR_CANDLE]),
    "3.4/get_candles/1": (last_candles, LAST),
    "3.5/get_trade_history/0": (lambda r: [trade(t) for t in r], [FIRST_TRADE]),
    "3.8/get_ticker/0": (
        lambda r: (r["BTC-USD"].best_bid, r["BTC-USD"].low, r["BTC-USD"].volume_usd),
        (D("86875.0"), None, D("4438140.14")),
    ),
    "3.9/get_server_time/0": (lambda r: r, moment(2009, 1, 6, 10, 51, 42, ms=398)),
    "3.10/get_pairs_info/0": (pair, BTC_USD),
    "3.10/get_pairs_info/1": (
        lambda r: (type(r), str(r)),
        (InvalidRequestError, "Parameter pairs should be Array of Strings"),
    ),
    "3.11/get_currencies_info/0": (lambda r: [c.code for c in r], ["USDT"]),
    "3.12/get_processing_info/0": (bitcoin, BITCOIN),
    "3.13/get_my_current_fee/0": (lambda r: r, {"BTC-USD": D("0.5")}),
    "3.15/get_my_volume/0": (lambda r: r.volume, D("35016.9181338")),
    "3.16/do_create_account/0": (lambda r: r, "account2"),
    "3.17/get_my_account_status_v3/0": (
        lambda r: (r.converted_currency, r.balances["hallo"]["SHIB"].available),
        ("USD", D(362523)),
    ),
    "3.19/get_my_wallet_balance/0": (
        lambda r: r,
        {"BTC": D("9.72101"), "USD": D("23567.02")},
    ),
    "3.20/get_my_orders/0": (
        lambda r: (r[0].order_id, r[0].account_id, r[0].reject_reason),
        ("18", "", "Insufficient funds"),
    ),
    "3.21/do_my_new_order/0": (order, ACCEPTED),
    "3.21/do_my_new_order/1": (
        rejected,
        (OrderFundsError, 403, "Insufficient funds", "338306"),
    ),
    "3.22/do_cancel_my_order/0": (lambda r: r, None),
    "3.23/do_cancel_all_orders/0": (lambda r: r, CANCELLED_IDS),
    "3.25/get_my_transaction_history/0": (ledger, [TRADE_ROWS[0], TRADE_ROWS[2]]),
    "3.26/get_my_funding_history/0": (funding, FUNDING),
    "3.27/do_my_internal_transfer/0": (lambda r: r, "777"),
    "3.28/get_deposit_address/0": (address, XRP),
    "3.30/do_deposit_funds_from_wallet/0": (
        wallet,
        ("testAccount1", "tx-1", "BTC", "approved"),
    ),
}
