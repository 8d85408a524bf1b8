"""What happens to the account beside its orders, in words."""

from collections.abc import Mapping
from typing import Any

from telegram_bot.languages import N_, _, number
from telegram_bot.markup import e
from telegram_bot.settings import Kind

type Json = Mapping[str, Any]

# By direction and by what has become of it.
_FUNDINGS = {
    ("deposit", "pending"): N_("📥 <b>Deposit on its way: {amount} {currency}</b>"),
    ("deposit", "approved"): N_("📥 <b>Deposit arrived: {amount} {currency}</b>"),
    ("deposit", "rejected"): N_("❌ <b>Deposit failed: {amount} {currency}</b>"),
    ("withdrawal", "pending"): N_("📤 <b>Withdrawal begun: {amount} {currency}</b>"),
    ("withdrawal", "approved"): N_("📤 <b>Withdrawal done: {amount} {currency}</b>"),
    ("withdrawal", "rejected"): N_("❌ <b>Withdrawal failed: {amount} {currency}</b>"),
}
_TROUBLES = {
    "key_rejected": (
        N_(
            "🔑 <b>The exchange rejects the API key.</b> Enter a new one in Home Assistant."
        ),
        N_("🔑 The exchange accepts the API key again."),
    ),
    "permission_missing": (
        N_(
            "🔑 <b>The API key lacks a permission.</b> Home Assistant shows which one under Repairs."
        ),
        N_("🔑 The API key has all permissions that it needs again."),
    ),
    "wrong_clock": (
        N_(
            "🕰 <b>The clock of Home Assistant's machine is wrong</b>, and the exchange refuses requests. Set it right."
        ),
        N_("🕰 The clock of Home Assistant's machine is right again."),
    ),
    "pair_delisted": (
        N_("📉 <b>A watched pair is not traded any more.</b>"),
        N_("📈 A watched pair is traded again."),
    ),
    "budget_exhausted": (
        N_(
            "🐢 <b>The exchange answers no more requests for a while</b>: the points of the minute are used up."
        ),
        N_("🐇 The exchange answers requests again."),
    ),
    "no_sub_account": (
        N_(
            "📁 <b>Orders need a sub-account.</b> Choose one in the options of the integration."
        ),
        N_("📁 Orders have a sub-account again."),
    ),
}


def report(kind: Kind, data: Json) -> str:
    """Return what an entry of the feed tells."""
    return _REPORTS[kind](data)


def _funding(data: Json) -> str:
    """Tell of a deposit or a withdrawal."""
    amount, currency = number(data["amount"]), e(data["currency"])
    words = _FUNDINGS.get((str(data["direction"]), str(data["status"])))
    if words is None:
        # A word that the exchange has newly found.
        return f"💱 <b>{amount} {currency}</b>: {e(data['direction'])}, {e(data['status'])}"
    lines = [_(words, amount=amount, currency=currency)]
    if data.get("account_id"):
        lines.append(_("Account {account}", account=e(data["account_id"])))
    return "\n".join(lines)


def _stream(data: Json) -> str:
    """Tell that the live connection to the exchange is lost or back."""
    if data.get("connected"):
        return _("🔌 The live connection to the exchange is back.")
    return _(
        "🔌 <b>The live connection to the exchange is lost.</b> Reports may come late until it is back; Home Assistant keeps trying."
    )


def _trouble(data: Json) -> str:
    """Tell of a trouble that begins or ends."""
    trouble, begins = str(data["trouble"]), bool(data["begins"])
    if trouble not in _TROUBLES:
        return f"⚠️ {e(data['text'])}" if begins else f"✅ {e(data['text'])}"
    words = _(_TROUBLES[trouble][0 if begins else 1])
    return f"{words}\n{_('/status tells more.')}" if begins else words


_REPORTS = {Kind.FUNDING: _funding, Kind.STREAM: _stream, Kind.TROUBLE: _trouble}
