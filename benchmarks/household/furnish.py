"""What a household has at the exchange: markets, accounts, assets, open orders."""

from benchmarks.exchange import ACCOUNT, Exchange, place

MARKETS = 40
# As many as a client may have, the main one among them.
ACCOUNTS = 5
ASSETS = 20
ORDERS = 10
# About as many pairs as the live exchange lists.
LISTED = 900


async def furnish(there: Exchange) -> list[str]:
    """Make accounts, money and orders; return the pairs to watch."""
    for number in range(ACCOUNTS - len(await accounts(there))):
        account = f"account{number}"
        await there.signed("do_create_account", accountId=account, currency="USD")
        await there.control.post(
            "/deposits", account_id=account, currency="USD", amount="1000"
        )
    listed = await there.pairs()
    bases = dict.fromkeys(pair.partition("-")[0] for pair in listed)
    for currency in list(bases)[:ASSETS]:
        await there.control.post(
            "/deposits", account_id=ACCOUNT, currency=currency, amount="1000"
        )
    for number in range(ORDERS):
        await place(
            there.control, f"order{number}", "0.01", str(100000 + number), "SELL"
        )
    return listed[:MARKETS]


async def accounts(there: Exchange) -> list[str]:
    """Return the names of all accounts."""
    truth = await there.control.get("/truth")
    return sorted(truth["balances"].keys() - {"wallet"})
