"""The second factor: asked for above a worth or always, taken once, limited, never left in the chat."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pyotp
import pytest

from telegram_bot.config import (
    AccessConfig,
    ConfigError,
    OrdersConfig,
    SecondFactorConfig,
)
from telegram_bot.second_factor import (
    hash_pin,
    is_pin_hash,
    is_pin_of,
    is_totp_secret,
    new_totp_secret,
    provisioning_uri,
    totp_step,
)
from tests.telegram_bot.codes_by_chat import (
    SECRET,
    code,
    confirm,
    confirmed,
    write_code,
    wrong,
)
from tests.telegram_bot.conftest import OWNER, TRADER, Rig
from tests.telegram_bot.fake_desk import Refusal
from tests.telegram_bot.orders_by_chat import (
    confirm_data,
    fill_disk,
    preview,
    wait_card,
)
from tests.telegram_bot.settings_file import GOOD, load

PIN_HASH = f"scrypt${32 * '0'}${64 * '0'}"
_1000 = Decimal(1000)


@pytest.fixture
async def guarded(stopped_rig: Rig) -> Rig:
    """Return a running bot that always asks for the code of an app."""
    stopped_rig.orders = OrdersConfig(120, None, "always")
    stopped_rig.second_factor = SecondFactorConfig(totp_secret=SECRET)
    stopped_rig.people = AccessConfig(OWNER, (TRADER,), ())
    await stopped_rig.start()
    return stopped_rig


async def test_a_right_code_places_the_order_once(guarded: Rig) -> None:
    """Confirm alone does nothing; the code places it, and can't be used again."""
    rig = guarded
    card = await preview(rig)
    assert "🔐 Confirm asks for your code" in card["text"]
    await confirm(rig, card)
    assert rig.home.count("place_order") == 0
    first = code(rig)
    await write_code(rig, first)
    await wait_card(rig, card, "🟢 Accepted")
    second = await confirmed(rig, "/buy 0.02 BTC-USD 60000")
    await write_code(rig, first)
    await rig.wait_message("This code was used before.")
    assert rig.home.count("place_order") == 1
    await write_code(rig, f"{code(rig, 1)[:3]} {code(rig, 1)[3:]}")
    await wait_card(rig, second, "🟢 Accepted")
    assert rig.home.count("place_order") == 2


async def test_wrong_codes_are_counted_and_reported(guarded: Rig) -> None:
    """Five wrong ones lock for an hour, whoever is asked next; the owner is told of each."""
    rig = guarded
    card = await confirmed(rig)
    for left in (4, 3, 2, 1):
        await write_code(rig, wrong(rig))
        tries = "try" if left == 1 else "tries"
        await rig.wait_message(
            f"This code is wrong. Nothing was done; {left} more {tries}."
        )
        rig.clock.advance(10)
        await rig.wait_message(
            f"🔐 A wrong code from Ada, id {OWNER}; {left} more {tries} until the lock."
        )
    await write_code(rig, wrong(rig))
    await wait_card(rig, card, "🔒 Too many wrong codes: I take none from you until")
    await rig.wait_message(f"🔒 Too many wrong codes from Ada, id {OWNER}.")
    rig.clock.advance(10)
    again = await confirmed(rig)
    await write_code(rig, code(rig))
    await wait_card(rig, again, "🔒 Too many wrong codes")
    rig.clock.advance(3600)
    third = await confirmed(rig)
    await write_code(rig, code(rig))
    await wait_card(rig, third, "🟢 Accepted")
    assert rig.home.count("place_order") == 1


async def test_only_the_person_who_asked(guarded: Rig) -> None:
    """Another trader's right code confirms nothing."""
    rig = guarded
    card = await confirmed(rig)
    await rig.ask(code(rig), "No question waits for a code.", TRADER)
    assert rig.home.count("place_order") == 0
    await rig.tap("Discard", card)
    await wait_card(rig, card, "🗑 Discarded")
    tap = await rig.tap_data(confirm_data(card), card)
    assert "discarded before" in await rig.wait_answer(tap)


async def test_what_is_no_code(guarded: Rig) -> None:
    """Words are no try; Confirm a second time says what is missing; commands go on working."""
    rig = guarded
    card = await confirmed(rig)
    await rig.ask("yes please", "I wait for your code: digits only.")
    tap = await rig.tap_data(confirm_data(card), card)
    assert await rig.wait_answer(tap) == "I wait for your code. Nothing is done before."
    await rig.ask("/help", "may do everything")
    await rig.ask("/buy", "Buy what?")
    await rig.ask("btc-usd", "How much BTC to buy?")
    await write_code(rig, code(rig))
    await wait_card(rig, card, "🟢 Accepted")


async def test_one_code_means_one_thing(guarded: Rig) -> None:
    """A second Confirm sets the first one aside."""
    rig = guarded
    first = await confirmed(rig)
    second = await confirmed(rig, "/buy 0.02 BTC-USD 60000")
    await wait_card(rig, first, "🗑 Set aside: you confirmed something else.")
    await write_code(rig, code(rig))
    await wait_card(rig, second, "🟢 Accepted")
    assert rig.home.count("place_order") == 1


async def test_too_late(guarded: Rig) -> None:
    """A code after the deadline does nothing, and does not stay either."""
    rig = guarded
    card = await confirmed(rig)
    rig.clock.advance(120)
    await wait_card(rig, card, "⌛ Expired")
    await write_code(rig, code(rig))
    await rig.wait_message("No question waits for a code. I deleted what looked like")
    assert rig.home.count("place_order") == 0


async def test_code_at_the_deadline(
    guarded: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline counts also where the question was not closed yet."""
    rig = guarded
    card = await confirmed(rig)
    monkeypatch.setattr(rig.clock, "advance", lambda seconds: None)
    rig.clock._passed += 120
    await write_code(rig, code(rig))
    await rig.wait_message("Too late: this offer has run out.")
    await wait_card(rig, card, "⌛ Expired")
    assert rig.home.count("place_order") == 0


async def test_restart_voids_a_question_that_waits_for_a_code(guarded: Rig) -> None:
    """After a restart the code of the question before does nothing."""
    rig = guarded
    card = await confirmed(rig)
    await rig.stop()
    await rig.start()
    await wait_card(rig, card, "⌛ Void: I was restarted before you decided.")
    await write_code(rig, code(rig))
    await rig.wait_message("No question waits for a code.")
    assert rig.home.count("place_order") == 0


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("compare_and_set", "My disk takes nothing, so nothing was done."),
        # Then nobody can look at the code at all.
        ("is_new", "Something went wrong inside me"),
    ],
)
async def test_full_disk_at_the_code(
    guarded: Rig, monkeypatch: pytest.MonkeyPatch, step: str, words: str
) -> None:
    """What could not be noted is not carried out, and the code does not stay in the chat."""
    rig = guarded
    await confirmed(rig)
    with monkeypatch.context() as patch:
        fill_disk(patch, step)
        await write_code(rig, code(rig))
        await rig.wait_message(words)
    assert rig.home.count("place_order") == 0


async def test_a_message_that_stays(guarded: Rig) -> None:
    """Where Telegram does not delete the code the person is told."""
    rig = guarded
    card = await confirmed(rig)
    await rig.fault("bad_gateway", method="deleteMessage")
    await rig.ask(code(rig), "I could not delete your message with the code.")
    await wait_card(rig, card, "🟢 Accepted")


async def test_two_codes_at_once(guarded: Rig) -> None:
    """Of two right codes in the same moment one counts."""
    rig = guarded
    card = await confirmed(rig)
    await asyncio.gather(rig.send(code(rig)), rig.send(code(rig, 1)))
    await wait_card(rig, card, "🟢 Accepted")
    await rig.ask("/help", "may do everything")
    assert rig.home.count("place_order") == 1


@pytest.mark.parametrize(
    ("command", "guarded_by"),
    [
        ("/buy 0.01 BTC-USD 60000", None),
        (
            "/buy 0.02 BTC-USD 60000",
            "🔐 Worth 1,203 USD: Confirm asks for your code",
        ),
        ("/sell 0.01 BTC-USD 10000000", None),
        (
            "/sell 0.02 BTC-USD 60000",
            "🔐 Worth 1,210 USD: Confirm asks for your code",
        ),
        ("/buy 1 BTC-EUR market", "🔐 Confirm asks for your code"),
    ],
)
async def test_threshold(
    stopped_rig: Rig, command: str, guarded_by: str | None
) -> None:
    """What is spent counts in the currency of the portfolio; what nobody can value takes the code."""
    rig = stopped_rig
    rig.orders = OrdersConfig(120, None, second_factor_above=_1000)
    rig.second_factor = SecondFactorConfig(totp_secret=SECRET)
    await rig.start()
    card = await preview(rig, command)
    if guarded_by:
        assert guarded_by in card["text"]
        await confirm(rig, card)
    else:
        assert "🔐" not in card["text"]
        await rig.tap("Confirm", card)
        await wait_card(rig, card, "🟢 Accepted")


async def test_threshold_without_a_portfolio(stopped_rig: Rig) -> None:
    """When nobody can tell what it is worth it takes the code."""
    rig = stopped_rig
    rig.orders = OrdersConfig(120, None, second_factor_above=_1000)
    rig.second_factor = SecondFactorConfig(totp_secret=SECRET)
    await rig.start()
    rig.home.refusals["get_portfolio"] = Refusal(
        "rate_limited", "Later.", code="home_assistant_error"
    )
    assert "🔐 Confirm asks for your code" in (await preview(rig))["text"]


async def test_pin(stopped_rig: Rig) -> None:
    """A PIN may be used again; a wrong one is not taken."""
    rig = stopped_rig
    rig.orders = OrdersConfig(120, None, "always")
    rig.second_factor = SecondFactorConfig(pin_hash=hash_pin("4711"))
    await rig.start()
    for place, amount in enumerate(("0.01", "0.02"), 1):
        card = await preview(rig, f"/buy {amount} BTC-USD 60000")
        await rig.tap("Confirm", card)
        await wait_card(rig, card, "🔐 Write your PIN here.")
        await write_code(rig, "4712")
        await rig.wait_message("This code is wrong. Nothing was done; 4", count=place)
        await write_code(rig, "4711")
        await wait_card(rig, card, "🟢 Accepted")
    assert rig.home.count("place_order") == 2


def test_making() -> None:
    """What is made for the settings is accepted there, and read by apps."""
    secret = new_totp_secret()
    assert is_totp_secret(secret)
    assert not is_totp_secret("short")
    assert secret != new_totp_secret()
    uri = provisioning_uri(secret, "my_bot")
    assert uri.startswith("otpauth://totp/CEX.IO%20companion:my_bot?secret=")
    assert pyotp.parse_uri(uri).secret == secret
    hashed = hash_pin("123456")
    assert is_pin_hash(hashed)
    assert hashed != hash_pin("123456")
    assert "123456" not in hashed
    assert is_pin_of("123456", hashed)
    assert not is_pin_of("123457", hashed)
    assert not is_pin_of("123456", "nonsense")
    for bad in ("123", "1" * 13, "12a4", ""):
        with pytest.raises(ValueError, match="4 to 12 digits"):
            hash_pin(bad)


@pytest.mark.parametrize(
    ("offset", "fits"), [(-60, False), (-30, True), (30, True), (60, False)]
)
def test_window(offset: int, fits: bool) -> None:
    """RFC 6238's own value, and one step each way."""
    assert totp_step(SECRET, "081804", 1111111109) == 1111111109 // 30
    assert (totp_step(SECRET, "081804", 1111111109 + offset) is not None) == fits


def test_settings(tmp_path: Path) -> None:
    """Worth and factor are checked; secrets are not shown."""
    hashed = hash_pin("4711")
    text = f'[orders]\nsecond_factor_above = "1000.50"\n[second_factor]\npin_hash = "{hashed}"'
    config = load(tmp_path, GOOD + text)
    assert config.orders.second_factor_above == Decimal("1000.50")
    assert hashed in config.secrets
    assert hashed not in repr(config)
    environment = {
        "CEXIO_BOT_ORDERS_SECOND_FACTOR_ABOVE": "always",
        "CEXIO_BOT_SECOND_FACTOR_TOTP_SECRET": "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
    }
    config = load(tmp_path, GOOD, environment)
    assert config.orders.second_factor_above == "always"
    assert config.second_factor.totp_secret == SECRET


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[orders]\nsecond_factor_above = 1000", "needs second_factor.totp_secret"),
        ('[orders]\nsecond_factor_above = "much"', 'such as "1000", or "always"'),
        ("[orders]\nsecond_factor_above = true", 'such as "1000", or "always"'),
        ('[second_factor]\ntotp_secret = "abc"', "32 letters and digits"),
        ('[second_factor]\npin_hash = "4711"', "never the PIN"),
        (
            f'[second_factor]\ntotp_secret = "{SECRET}"\npin_hash = "{PIN_HASH}"',
            "either totp_secret or pin_hash",
        ),
    ],
)
def test_wrong_settings(tmp_path: Path, text: str, problem: str) -> None:
    """What is wrong is said, without the secret."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD + text)
    assert problem in str(caught.value)
    assert "4711" not in str(caught.value)


async def test_in_a_group(stopped_rig: Rig) -> None:
    """In a group the code is asked for in private, where nobody reads along."""
    rig = stopped_rig
    group = await rig.group(OWNER, TRADER)
    rig.people = AccessConfig(OWNER, (TRADER,), (), (group,))
    rig.orders = OrdersConfig(120, None, "always")
    rig.second_factor = SecondFactorConfig(totp_secret=SECRET)
    await rig.start()
    await rig.send("/buy 0.01 BTC-USD 60000", TRADER, chat_id=group)
    card = await rig.wait_message("Holds until", group)
    await rig.tap("Confirm", card, TRADER, group)
    await rig.wait_message("code of your authenticator app to me in private", group)
    for chatter in ("hello", "2027"):
        await rig.send(chatter, OWNER, chat_id=group)
    await rig.send("well?", TRADER, chat_id=group)
    await rig.ask(code(rig), "No question waits for a code.")
    assert rig.home.count("place_order") == 0
    rig.clock.advance(5)
    await rig.send(code(rig), TRADER)
    await rig.wait_message("🟢 Accepted", group)
    assert (await rig.home.wait_called("place_order"))[
        "comment"
    ] == f"telegram {TRADER}"
