"""A CEX.IO Spot Trading that runs on this machine: same REST, same WebSocket, real matching.

`python -m simulators.exchange --help` tells how to start it, `GET /control/` what can be controlled,
`GET /control/faults` what can go wrong and which open questions can be answered otherwise.

Where the exchange's documentation and everything seen of it are silent, this simulator decides:

* Keys: a missing permission is 403 `API key does not have permission <permission>`; a key used from a wrong
  address is `IP address is not allowed for this API key` (401); the other words are the WebSocket's, on REST too.
* A private request before `auth` is answered `Authorization Failed`, then the socket is closed.
* Maintenance is HTTP 500. Refused calls cost their points, except those refused for want of points.
* Reject codes beyond the known ones are in `engine/checks.py`; checks of form refuse the request, all others
  reject the order. Orders beyond the 20th, and those without funds, get a number; other rejects are `NONE`.
* A client order id is protected for 24 hours; the time stamp is one of the parameters that must be the same.
* A stop-limit order is accepted as `NEW`, holds its funds, and enters the book without a report once the best
  opposite price has reached its stop price. `Limit` with a `stopPrice` is one too.
* A market order takes nothing further than 10 percent from the best price; its rest is cancelled.
* An order keeps the fee that held when it was placed. The fee is rounded up at the quote's precision.
* A finished order's cancel is rejected as `too_late_to_cancel`, one that is pending as `already_pending_cancel`.
* Wallet transfers are approved at once. Candles are cut off at 1000, trade bounds are inclusive.
"""
