"""Private methods about accounts: fees, balances, sub-accounts (rest.md 4.B.1 to 4.B.7)."""

import re
from typing import Any

from simulators.exchange.engine import fees
from simulators.exchange.engine.accounts import MAIN, TooManyAccountsError
from simulators.exchange.engine.ledger import CLIENT, WALLET
from simulators.exchange.engine.money import product, text
from simulators.exchange.methods import parameters
from simulators.exchange.methods.call import SERVER_ERROR, Call, RequestError

_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


def get_my_current_fee(call: Call) -> dict[str, Any]:
    """Return the fee in percent by pair; missing, empty and null mean all pairs, unknown ones are left out."""
    listed = call.venue.engine.listing.pairs
    refused = RequestError("Parameter pairs should be Array of Strings")
    wanted = (
        None
        if call.data.get("pairs") == ""
        else parameters.texts(call.data, "pairs", refused)
    )
    now = call.venue.clock.now_ms()
    percent = call.venue.engine.fees.percent
    names = [name for name in wanted if name in listed] if wanted else list(listed)
    return {
        "tradingFee": {
            name: {"percent": format(percent(name, now), "f")} for name in names
        }
    }


def get_fee_strategy(_: Call) -> dict[str, Any]:
    """Return all fee schedules."""
    return {"strategyConfig": fees.strategy()}


def get_my_volume(call: Call) -> dict[str, Any]:
    """Return what was traded in 30 days, in USD."""
    volume = call.venue.engine.fees.volume(call.venue.clock.now_ms())
    return {
        "period": "30d",
        "volume": format(volume.normalize() if volume else volume, "f"),
        "currency": "USD",
    }


def do_create_account(call: Call) -> dict[str, Any]:
    """Open a sub-account; one that exists is a success. The text for too many is this simulator's own."""
    account_id = parameters.text(call.data, "accountId", show_code=True)
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise RequestError(
            'Sub-account name should contain only lower and uppercase Latin letters, numbers, underscore ("_") or hyphen ("-")',
            SERVER_ERROR,
            show_code=True,
        )
    currency = parameters.text(call.data, "currency", show_code=True)
    if currency not in call.venue.engine.listing.currencies:
        raise RequestError(f"Unsupported currency {currency}", show_code=True)
    try:
        call.venue.engine.accounts.create(account_id)
    except TooManyAccountsError:
        raise RequestError(
            "Maximum number of accounts is reached", SERVER_ERROR, show_code=True
        ) from None
    return {"accountId": account_id}


def get_my_account_status_v3(call: Call) -> dict[str, Any]:
    """Return balances by account and currency: totals, holds included. There are no promotional fee balances."""
    return _account_status(call)


def get_my_account_status_v2(call: Call) -> dict[str, Any]:
    """Return the deprecated form: available balances too, no trading-fee balances."""
    status = _account_status(call)
    ledger, listed = call.venue.engine.ledger, call.venue.engine.listing.currencies
    for account_id, balances in status["balancesPerAccounts"].items():
        for code, row in balances.items():
            row["balanceAvailable"] = text(
                ledger.available(CLIENT + account_id, code), listed[code].precision
            )
    return status


def _account_status(call: Call) -> dict[str, Any]:
    """Return what both versions have in common."""
    currencies = _filter(call, "currencies")
    account_ids = _filter(call, "accountIds")
    accounts = call.venue.engine.accounts
    balances = {}
    for account_id in accounts.ids:
        if account_ids and account_id not in account_ids:
            continue
        rows = {
            code: _balance_row(call, CLIENT + account_id, code)
            for code in accounts.ledger.currencies(CLIENT + account_id)
            if not currencies or code in currencies
        }
        if rows:
            balances[account_id] = rows
    return {"convertedCurrency": "USD", "balancesPerAccounts": balances}


def _filter(call: Call, name: str) -> list[str] | None:
    """Return a filter list without repetitions."""
    refused = RequestError(
        f"{name} array should consist of string type values", show_code=True
    )
    return parameters.unique(parameters.texts(call.data, name, refused), name)


def _balance_row(call: Call, account: str, code: str) -> dict[str, str]:
    """Return one balance; the converted amount is left out at zero."""
    ledger, currency = (
        call.venue.engine.ledger,
        call.venue.engine.listing.currencies[code],
    )
    total = ledger.total(account, code)
    row = {
        "balance": text(total, currency.precision),
        "balanceOnHold": text(ledger.on_hold(account, code), currency.precision),
    }
    if total:
        row["balanceInConvertedCurrency"] = text(
            product(total, call.venue.statistics.usd(code)), 8
        )
    return row


def get_my_wallet_balance(call: Call) -> dict[str, Any]:
    """Return the Wallet's balances, at wallet precision."""
    ledger, listed = call.venue.engine.ledger, call.venue.engine.listing.currencies
    return {
        code: {
            "balance": text(
                ledger.total(WALLET, code), listed[code].wallet_precision or 0
            )
        }
        for code in ledger.currencies(WALLET)
    }


def sub_account(call: Call, name: str, main_refused: str) -> str:
    """Return a mandatory account id that is not the main account's and exists.

    The text for an account that does not exist is this simulator's own.
    """
    if call.data.get(name) == MAIN:
        raise RequestError(main_refused)
    account_id = parameters.text(call.data, name)
    if account_id not in call.venue.engine.accounts.ids:
        raise RequestError(f"Account {account_id} does not exist")
    return account_id
