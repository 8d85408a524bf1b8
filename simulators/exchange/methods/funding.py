"""Moving money and its histories, blockchains and addresses (rest.md 4.A.8, 4.B.15 to 4.B.21)."""

from decimal import Decimal
import hashlib
from typing import Any

from simulators.exchange.clock import iso
from simulators.exchange.engine.floor import CLIENT_ID
from simulators.exchange.engine.ledger import OverdrawnError
from simulators.exchange.engine.money import decimals, text
from simulators.exchange.engine.reference import Chain, Currency
from simulators.exchange.methods import parameters
from simulators.exchange.methods.account import sub_account
from simulators.exchange.methods.call import SERVER_ERROR, Call, RequestError

MAX_PAGE = 100
TRANSACTION_KINDS = ("trade", "commission", "deposit", "withdraw", "internalTransfer")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def get_processing_info(call: Call) -> dict[str, Any]:
    """Return the blockchains of currencies; missing and empty mean all; the private examples' `data` is read as well."""
    asked = call.data.get("currencies")
    if asked is None and isinstance(call.data.get("data"), dict):
        asked = call.data["data"].get("currencies")
    if asked is not None and not isinstance(asked, list):
        raise RequestError(
            "Currencies should be array.", inside_ok=True, rest_only=True
        )
    if not all(isinstance(code, str) for code in asked or []):
        raise RequestError(
            "Currencies array should consist of string type values.",
            inside_ok=True,
            rest_only=True,
        )
    listed = call.venue.engine.listing.currencies
    unsupported = [
        code for code in asked or [] if code not in listed or listed[code].fiat
    ]
    if unsupported:
        raise RequestError(
            f"Request contains unsupported currencies: {', '.join(unsupported)}.",
            inside_ok=True,
            rest_only=True,
        )
    return {
        code: {
            "name": listed[code].name,
            "blockchains": {chain.name: _chain(chain) for chain in listed[code].chains},
        }
        for code in asked or listed
        if listed[code].chains
    }


def _chain(chain: Chain) -> dict[str, Any]:
    """Return a blockchain's row."""
    return {
        "type": chain.kind,
        "deposit": "enabled",
        "minDeposit": chain.min_deposit,
        "withdrawal": "enabled",
        "minWithdrawal": chain.min_withdrawal,
        "withdrawalFee": chain.fee,
        "depositConfirmations": chain.confirmations,
    }


def get_deposit_address(call: Call) -> dict[str, Any]:
    """Return an address, or destination and memo for ledger coins; always the same for an account, coin and chain."""
    account_id = sub_account(
        call, "accountId", "Get deposit address for main account is not allowed"
    )
    currency = _currency(call, show_code=True)
    name = parameters.text(call.data, "blockchain")
    chain = next((chain for chain in currency.chains if chain.name == name), None)
    if chain is None:
        raise RequestError("Blockchain is not supported.", SERVER_ERROR, show_code=True)
    digest = hashlib.sha256(
        f"{call.venue.seed}:{account_id}:{currency.code}:{name}".encode()
    ).digest()
    address = "".join(_BASE58[byte % 58] for byte in digest)
    where = (
        {"destination": f"r{address}", "memo": str(int.from_bytes(digest[:2]))}
        if chain.memo
        else {"address": address}
    )
    return {
        "accountId": account_id,
        **where,
        "currency": currency.code,
        "blockchain": name,
    }


def do_my_internal_transfer(call: Call) -> dict[str, Any]:
    """Move money between sub-accounts; a repeated clientTxId returns the first transaction."""
    refused = "Transfers of main account are not allowed"
    for name in ("fromAccountId", "toAccountId"):
        if name not in call.data:
            raise parameters.missing(name)
    if call.data["fromAccountId"] == call.data["toAccountId"]:
        raise RequestError("fromAccountId and toAccountId should be different")
    source, target = (
        sub_account(call, "fromAccountId", refused),
        sub_account(call, "toAccountId", refused),
    )
    currency = _currency(call)
    amount = _amount(call, currency)
    try:
        number = call.venue.engine.accounts.transfer(
            source,
            target,
            currency.code,
            amount,
            time=call.venue.clock.now_ms(),
            client_tx_id=parameters.optional_text(call.data, "clientTxId"),
        )
    except OverdrawnError:
        raise RequestError("Insufficient funds") from None
    return {"transactionId": number}


def do_deposit_funds_from_wallet(call: Call) -> dict[str, Any]:
    """Move money from the Wallet to a sub-account."""
    return _wallet_move(call, "deposit")


def do_withdrawal_funds_to_wallet(call: Call) -> dict[str, Any]:
    """Move money from a sub-account to the Wallet."""
    return _wallet_move(call, "withdraw")


def _wallet_move(call: Call, direction: str) -> dict[str, Any]:
    """Carry out a move; a repeated clientTxId is refused with a text of this simulator's own."""
    client_tx_id = parameters.text(call.data, "clientTxId")
    account_id = sub_account(
        call, "accountId", f"{direction.capitalize()} for main account is not allowed"
    )
    currency = _currency(call, show_code=True)
    amount = _amount(call, currency)
    accounts = call.venue.engine.accounts
    if client_tx_id in accounts.wallet_moves:
        raise RequestError(f"Transaction with clientTxId {client_tx_id} already exists")
    if (
        currency.wallet_precision is None
        or decimals(amount) > currency.wallet_precision
    ):
        raise RequestError(
            f"Wallet transfers of {currency.code} are limited to {currency.wallet_precision or 'no'} decimals"
        )
    if amount < currency.wallet_minimum:
        shown, least = text(amount, 8), text(currency.wallet_minimum, 8)
        raise RequestError(
            f"Too low amount to {direction} {shown} {currency.code}. Minimum amount {least} {currency.code}",
            SERVER_ERROR,
            show_code=True,
        )
    status = call.venue.faults.switches.wallet_status
    if status != "rejected":
        move = accounts.deposit if direction == "deposit" else accounts.withdraw
        try:
            move(account_id, currency.code, amount, time=call.venue.clock.now_ms())
        except OverdrawnError:
            raise RequestError("Insufficient funds") from None
    accounts.wallet_moves.add(client_tx_id)
    return {
        "accountId": account_id,
        "clientTxId": client_tx_id,
        "currency": currency.code,
        "status": status,
    }


def _currency(call: Call, *, show_code: bool = False) -> Currency:
    """Return the currency asked for."""
    code = parameters.text(call.data, "currency")
    currency = call.venue.engine.listing.currencies.get(code)
    if currency is None:
        raise RequestError(f"Unsupported currency {code}", show_code=show_code)
    return currency


def _amount(call: Call, currency: Currency) -> Decimal:
    """Return a positive amount that the currency can express."""
    amount = parameters.optional_amount(
        call.data, "amount", refused="Amount should be greater than zero"
    )
    if amount is None:
        raise parameters.missing("amount")
    if decimals(amount) > currency.precision:
        raise RequestError(f"Amount should have at most {currency.precision} decimals")
    return amount


def get_my_transaction_history(call: Call) -> list[dict[str, Any]]:
    """Return the client's ledger, newest first unless asked otherwise."""
    _require_data(call)
    kind = call.data.get("type") or None
    if kind is not None and kind not in TRANSACTION_KINDS:
        raise RequestError(
            f"Operation type is not supported. Supported types: {','.join(TRANSACTION_KINDS)}"
        )
    order = parameters.sort_order(call.data)
    wanted, (first, last) = _account(call), _period(call)
    listed = call.venue.engine.listing.currencies
    rows = sorted(
        (
            row
            for row in call.venue.engine.accounts.history
            if (wanted is None or row.account_id == wanted)
            and (kind is None or row.kind == kind)
            and first <= row.time < last
        ),
        key=lambda row: row.time,
        reverse=order == "DESC",
    )
    return [
        {
            "transactionId": row.transaction_id,
            "timestamp": iso(row.time),
            "accountId": row.account_id,
            "type": row.kind,
            "amount": text(row.amount, listed[row.currency].precision),
            "details": row.details,
            "currency": row.currency,
        }
        for row in _page(call, rows)
    ]


def get_my_funding_history(call: Call) -> list[dict[str, Any]]:
    """Return deposits and withdrawals, newest first."""
    _require_data(call)
    direction = call.data.get("direction") or None
    if direction not in (None, "deposit", "withdraw"):
        raise RequestError("Parameter direction should be one of deposit,withdraw")
    number = parameters.optional_integer(call.data, "txId")
    code = parameters.optional_text(call.data, "currency")
    wanted, (first, last) = _account(call), _period(call)
    listed = call.venue.engine.listing.currencies
    rows = [
        row
        for row in reversed(call.venue.engine.accounts.funding)
        if (wanted is None or row.account_id == wanted)
        and (direction is None or row.direction == direction)
        and (code is None or row.currency == code)
        and (number is None or row.number == number)
        and first <= row.time < last
    ]
    return [
        {
            "txId": row.number,
            "clientId": CLIENT_ID,
            "accountId": row.account_id,
            "currency": row.currency,
            "direction": row.direction,
            "amount": text(row.amount, listed[row.currency].precision),
            "commissionAmount": text(Decimal(0), listed[row.currency].precision),
            "status": row.status,
            "updatedAt": iso(row.time),
        }
        for row in _page(call, rows)
    ]


def _require_data(call: Call) -> None:
    """Refuse a WebSocket request without `data` as the exchange does."""
    if not call.has_data:
        raise RequestError("Internal error")


def _account(call: Call) -> str | None:
    """Return the account filter: missing means all, null and empty mean main."""
    if "accountId" not in call.data:
        return None
    return parameters.optional_text(call.data, "accountId") or ""


def _period(call: Call) -> tuple[int, int]:
    """Return the bounds of the time filter."""
    first = parameters.optional_integer(call.data, "dateFrom")
    last = parameters.optional_integer(call.data, "dateTo")
    if first is not None and last is not None and first >= last:
        raise RequestError("Parameter dateFrom should be less than dateTo")
    # A commission row lies a few milliseconds ahead of its trade: nothing may hide it.
    return first or 0, call.venue.clock.now_ms() + 1000 if last is None else last


def _page[Row](call: Call, rows: list[Row]) -> list[Row]:
    """Return one page; pages count from 1 here."""
    size = parameters.optional_integer(call.data, "pageSize", least=1)
    number = parameters.optional_integer(call.data, "pageNumber", least=1)
    if size is not None and size > MAX_PAGE:
        raise RequestError("Page size is limited to 100 items")
    if number is not None and size is None:
        raise parameters.missing("pageSize")
    size, number = size or MAX_PAGE, number or 1
    return rows[(number - 1) * size : number * size]
