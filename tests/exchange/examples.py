"""Messages as the documentation prints them or as they were seen on the wire."""

from typing import Any

import orjson

NEW_REPORT: dict[str, Any] = orjson.loads(
    """{"messageType":"executionReport","clientId":"IT_DEMO","orderId":"17062",
    "clientOrderId":"1521711134775","accountId":"testAccount","status":"NEW","currency1":"BTC",
    "currency2":"USD","side":"SELL","executedAmountCcy1":"0.00000000",
    "executedAmountCcy2":"0.00000000","requestedAmountCcy1":"0.01000000",
    "requestedAmountCcy2":null,"orderType":"Limit","timeInForce":"GTC",
    "comment":"v_overdraft_test","executionType":"New","executionId":"1521616998836_0_1",
    "transactTime":null,"expireTime":null,"effectiveTime":null,"price":"7500.00",
    "averagePrice":null,"feeAmount":"0.00000000","feeCurrency":"USD"}"""
)
