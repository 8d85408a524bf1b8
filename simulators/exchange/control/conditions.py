"""Controls of the circumstances: faults, switches, clock, budgets, sockets."""

from dataclasses import asdict
from typing import Any

from simulators.exchange.clock import iso, parse_iso
from simulators.exchange.methods.call import Call, RequestError

# Beyond this the clock leaps: nobody wants to wait for every tick of a day.
MAX_ADVANCE = 3600


async def faults(call: Call) -> dict[str, Any]:
    """Return the rules in force, the kinds of faults and the switches."""
    return call.venue.faults.described()


async def add_fault(call: Call) -> dict[str, Any]:
    """Add a rule and return it with its number."""
    try:
        return asdict(call.venue.faults.add(call.data))
    except ValueError as err:
        raise RequestError(str(err)) from None


async def remove_faults(call: Call) -> dict[str, Any]:
    """Remove one rule, or all."""
    number = call.data.get("id")
    if number is not None and not str(number).isdecimal():
        raise RequestError("The number of a rule is a whole number")
    return {
        "removed": call.venue.faults.remove(None if number is None else int(number))
    }


async def switch(call: Call) -> dict[str, Any]:
    """Turn switches and return all of them."""
    for name, value in call.data.items():
        try:
            call.venue.set_switch(name, value)
        except ValueError as err:
            raise RequestError(str(err)) from None
    return call.venue.faults.switches.described()


async def clock(call: Call) -> dict[str, Any]:
    """Return the time and whether it stands still."""
    now = call.venue.clock.now_ms()
    return {"timestamp": now, "ISODate": iso(now), "frozen": call.venue.clock.frozen}


async def drive_clock(call: Call) -> dict[str, Any]:
    """Freeze, run, set, leap or advance the clock, in that order."""
    watch, data = call.venue.clock, call.data
    if data.get("freeze") is True:
        watch.freeze()
    if data.get("run") is True:
        watch.run()
    if "now" in data:
        await watch.jump((_moment(data["now"]) - watch.now_ms()) / 1000)
    if "jump" in data:
        await watch.jump(_seconds(data["jump"], "jump"))
    if "advance" in data:
        seconds = _seconds(data["advance"], "advance")
        if not 0 <= seconds <= MAX_ADVANCE:
            raise RequestError(
                f"advance should be between 0 and {MAX_ADVANCE} seconds; jump goes further in one leap"
            )
        await watch.advance(seconds)
    return await clock(call)


def _seconds(value: Any, name: str) -> float:
    """Return a number of seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestError(f"{name} should be a number of seconds")
    return float(value)


def _moment(value: Any) -> int:
    """Return a moment given as milliseconds or ISO text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return parse_iso(str(value))
    except ValueError:
        raise RequestError("now should be milliseconds or an ISO date") from None


async def exhaust(call: Call) -> dict[str, Any]:
    """Use up the points of this minute, of all keys or of this address."""
    if call.data.get("kind", "key") == "key":
        for key in call.venue.keys:
            call.venue.key_budget.exhaust(key.key)
    else:
        call.venue.address_budget.exhaust(str(call.data.get("address", "127.0.0.1")))
    return await budgets(call)


async def budgets(call: Call) -> dict[str, Any]:
    """Return the points used in this minute."""
    return {
        "keys": {
            key.name: call.venue.key_budget.used(key.key) for key in call.venue.keys
        },
        "address": call.venue.address_budget.used("127.0.0.1"),
    }


async def sockets(call: Call) -> dict[str, Any]:
    """Return how many sockets are open, and by how many seconds the market was late at its last tick."""
    sessions = call.venue.hub.sessions
    return {
        "public": sum(not session.private for session in sessions),
        "private": sum(session.private for session in sessions),
        "authenticated": sum(session.key is not None for session in sessions),
        "late": call.venue.market.late,
    }


async def close(call: Call) -> dict[str, Any]:
    """Close sockets of a kind, with or without a notice."""
    kind = call.data.get("kind", "all")
    if kind not in ("public", "private", "all"):
        raise RequestError("Parameter kind should be one of public,private,all")
    chosen = [
        session
        for session in call.venue.hub.sessions
        if kind == "all" or session.private == (kind == "private")
    ]
    for session in chosen:
        if call.data.get("notice", True):
            session.goodbye()
        else:
            session.abort()
    return {"closed": len(chosen)}
