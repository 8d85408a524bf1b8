"""Messages of the exchange as they come over the wire."""

import json

_ORDER = {
    "clientId": "IT_DEMO",
    "orderId": "17062",
    "clientOrderId": "1521711134775",
    "accountId": "testAccount",
    "status": "FILLED",
    "currency1": "BTC",
    "currency2": "USD",
    "side": "SELL",
    "executedAmountCcy1": "0.01000000",
    "executedAmountCcy2": "170.63000000",
    "requestedAmountCcy1": "0.01000000",
    "requestedAmountCcy2": None,
    "orderType": "Limit",
    "timeInForce": "GTC",
    "comment": "v_overdraft_test",
    "expireTime": None,
    "effectiveTime": None,
    "price": "7500.00",
    "averagePrice": "17063.00",
    "feeAmount": "0.60063000",
    "feeCurrency": "USD",
}
REPORT = json.dumps(
    {
        "e": "executionReport",
        "ok": "ok",
        "data": {
            "messageType": "executionReport",
            **_ORDER,
            "executionType": "Trade",
            "executionId": "1521616998836_0_2",
            "transactTime": None,
            "lastQuantity": "0.01000000",
            "lastPrice": "17063.00",
            "lastAmountCcy1": "0.01000000",
            "lastAmountCcy2": "170.63000000",
        },
    }
)
TICKERS = json.dumps(
    {
        "ok": "ok",
        "data": {
            "BTC-USD": {
                "bestBid": "23771.3",
                "bestAsk": "23895.2",
                "bestBidChange": "-398.5",
                "bestBidChangePercentage": "-1.64",
                "bestAskChange": "-362.4",
                "bestAskChangePercentage": "-1.49",
                "volume30d": "1311.83096457",
                "low": "22920.1",
                "high": "25379.4",
                "volume": "21.14500755",
                "quoteVolume": "509738.03240736",
                "lastTradeVolume": "0.00493647",
                "last": "23771.3",
                "lastTradePrice": "23895.2",
                "priceChange": "-481.7",
                "priceChangePercentage": "-1.98",
                "lastTradeDateISO": "2023-02-23T12:26:13.486Z",
                "volumeUSD": "286794.97",
            }
        },
    }
)
PAIRS = json.dumps(
    {
        "ok": "ok",
        "data": [
            {
                "base": f"C{number}",
                "quote": "USD",
                # What most pairs have in common, and what is each one's own.
                "baseMin": f"{number % 40 * 4}.0004",
                "baseMax": "60",
                "baseLotSize": "0.00000001",
                "quoteMin": "10",
                "quoteMax": "1000000",
                "quoteLotSize": "0.01000000",
                "basePrecision": 8,
                "quotePrecision": 8,
                "pricePrecision": 1,
                "minPrice": f"{17 + number}.0",
                "maxPrice": f"{2112 + number}.5",
            }
            for number in range(900)
        ],
    }
)
KEY, SECRET = "test_key", "test_secret"
NEW_ORDER = {
    "clientOrderId": "1521711134775",
    "accountId": "testAccount",
    "currency1": "BTC",
    "currency2": "USD",
    "side": "SELL",
    "timestamp": 1521711134775,
    "orderType": "Limit",
    "timeInForce": "GTC",
    "amountCcy1": "0.01",
    "price": "7500",
}
