"""What is wrong at present, each trouble told once when it begins and once when it ends."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
import logging
import sqlite3
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import orjson

from .const import DOMAIN
from .coordinator import CexioConfigEntry
from .database import Database, set_meta
from .feed import Feed, FeedKind, NewEntry

_LOGGER = logging.getLogger(__name__)

META_TROUBLES = "troubles"


class Trouble(StrEnum):
    """What can be wrong; the names of the repair issues."""

    KEY_REJECTED = "key_rejected"
    PERMISSION_MISSING = "permission_missing"
    WRONG_CLOCK = "wrong_clock"
    PAIR_DELISTED = "pair_delisted"
    BUDGET_EXHAUSTED = "budget_exhausted"
    NO_SUB_ACCOUNT = "no_sub_account"


# Whether a fix flow can end it. A rejected key is not in here: the new credentials that
# Home Assistant asks for are its repair, and it has an issue for that already.
FIXABLE = {
    Trouble.PERMISSION_MISSING: True,
    Trouble.WRONG_CLOCK: True,
    Trouble.PAIR_DELISTED: True,
    Trouble.BUDGET_EXHAUSTED: False,
    Trouble.NO_SUB_ACCOUNT: True,
}


@dataclass(frozen=True, slots=True)
class Begun:
    """A trouble that has begun; the subject tells several of one kind apart."""

    trouble: Trouble
    subject: str
    since: datetime
    text: str
    placeholders: dict[str, str]

    def as_dict(self) -> dict[str, str]:
        """Return the trouble as it is shown."""
        return {"trouble": self.trouble.value, "text": self.text}


type _Key = tuple[Trouble, str]


class Troubles:
    """What is wrong with one entry: repair issues, entries of the feed, lines of the log.

    What has begun is kept on disk: a restart neither tells it again nor forgets to tell
    its end.
    """

    def __init__(
        self, hass: HomeAssistant, entry: CexioConfigEntry, words: Mapping[str, str]
    ) -> None:
        """Keep the words; until `async_load` nothing is told to the feed."""
        self._hass = hass
        self._entry = entry
        self._words = words
        self._current: dict[_Key, Begun] = {}
        self._feed: Feed | None = None
        self._last = dt_util.utcnow()
        self._untold: list[tuple[Begun, NewEntry]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def current(self) -> list[Begun]:
        """What is wrong now, longest first."""
        return sorted(self._current.values(), key=lambda begun: begun.since)

    def __contains__(self, key: object) -> bool:
        """Tell whether a trouble with a subject has begun."""
        return key in self._current

    def subjects(self, trouble: Trouble) -> set[str]:
        """Return what a kind of trouble is about at present."""
        return {subject for kind, subject in self._current if kind is trouble}

    async def async_load(self, database: Database, feed: Feed) -> None:
        """Read what was wrong before the last end, and tell what began since."""
        kept = await database.async_get_meta(META_TROUBLES)
        for item in orjson.loads(kept or "[]"):
            begun = Begun(
                **item
                | {
                    "trouble": Trouble(item["trouble"]),
                    "since": datetime.fromisoformat(item["since"]),
                }
            )
            self._current[begun.trouble, begun.subject] = begun
            self._untold = [
                told
                for told in self._untold
                if (told[0].trouble, told[0].subject) != (begun.trouble, begun.subject)
            ]
        self._feed = feed
        for _, entry in self._untold:
            self._async_write(entry)
        self._untold.clear()
        for begun in self._current.values():
            self._async_show(begun)

    async def async_stop(self) -> None:
        """Write what is still to be written; what is wrong stays shown over a reload."""
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._entry.disabled_by is not None:
            async_forget_issues(self._hass, self._entry)

    @callback
    def async_begin(self, trouble: Trouble, subject: str = "", **words: str) -> None:
        """Tell that something is wrong, or change the words of what is wrong already."""
        words = {"name": self._entry.title, **words}
        text = self._text(trouble, words)
        known = self._current.get((trouble, subject))
        if known is not None:
            if (known.text, known.placeholders) != (text, words):
                known = replace(known, text=text, placeholders=words)
                self._current[trouble, subject] = known
                self._async_show(known)
            return
        begun = Begun(trouble, subject, self._now(), text, words)
        self._current[trouble, subject] = begun
        _LOGGER.warning("%s", text)
        self._async_show(begun)
        self._async_tell(begun, begun.since, begins=True)

    @callback
    def async_end(self, trouble: Trouble, subject: str = "") -> None:
        """Tell that something is right again, if it was wrong."""
        begun = self._current.pop((trouble, subject), None)
        if begun is None:
            return
        _LOGGER.info("No longer so: %s", begun.text)
        ir.async_delete_issue(self._hass, DOMAIN, self._issue_id(begun))
        self._async_tell(begun, self._now(), begins=False)

    def _text(self, trouble: Trouble, words: dict[str, str]) -> str:
        """Return in English what is wrong."""
        key = f"component.{DOMAIN}.issues.{trouble}.title"
        if trouble is Trouble.KEY_REJECTED:
            # It has no issue of its own, but each reason has its words.
            key = f"component.{DOMAIN}.exceptions.{words['reason']}.message"
        return self._words[key].format_map(words)

    def _now(self) -> datetime:
        """Return the present moment; no two are the same, because ids are made of them."""
        self._last = max(dt_util.utcnow(), self._last + timedelta(microseconds=1))
        return self._last

    def _issue_id(self, begun: Begun) -> str:
        """Return the id of the issue of a trouble."""
        parts = (begun.trouble, self._entry.entry_id, begun.subject)
        return "_".join(part for part in parts if part)

    @callback
    def _async_show(self, begun: Begun) -> None:
        """Show an issue for a trouble."""
        if (is_fixable := FIXABLE.get(begun.trouble)) is None:
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id(begun),
            data={"entry_id": self._entry.entry_id, "subject": begun.subject},
            is_fixable=is_fixable,
            severity=ir.IssueSeverity.WARNING,
            translation_key=begun.trouble.value,
            translation_placeholders=begun.placeholders,
        )

    @callback
    def _async_tell(self, begun: Begun, time: datetime, *, begins: bool) -> None:
        """Put the beginning or the end of a trouble into the feed."""
        since = begun.since.isoformat()
        entry = NewEntry(
            id=f"trouble:{begun.trouble}:{since}:{str(begins).lower()}",
            kind=FeedKind.TROUBLE,
            time=time,
            late=False,
            data={**begun.as_dict(), "begins": begins},
        )
        if self._feed is None:
            self._untold.append((begun, entry))
        else:
            self._async_write(entry)

    @callback
    def _async_write(self, entry: NewEntry) -> None:
        """Write an entry of the feed together with what is wrong now."""
        assert self._feed is not None
        kept = orjson.dumps([asdict(begun) for begun in self.current]).decode()
        task = self._hass.async_create_task(
            self._feed.async_append(
                [entry], lambda connection: set_meta(connection, META_TROUBLES, kept)
            ),
            f"{DOMAIN} trouble",
        )
        self._tasks.add(task)
        task.add_done_callback(self._async_written)

    @callback
    def _async_written(self, task: asyncio.Task[Any]) -> None:
        """Forget a write; one that failed is not repeated, the issue tells the same."""
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(
            error := task.exception(), sqlite3.Error
        ):
            _LOGGER.debug("A trouble could not be told: %s", error)

    @callback
    def async_tidy(self) -> None:
        """Delete the issues of an earlier attempt to load that are no longer so."""
        current = {self._issue_id(begun) for begun in self._current.values()}
        for issue_id in _issues_of(self._hass, self._entry):
            if issue_id not in current:
                ir.async_delete_issue(self._hass, DOMAIN, issue_id)


async def async_create_troubles(
    hass: HomeAssistant, entry: CexioConfigEntry
) -> Troubles:
    """Return troubles that know the words: English ones, as all of the feed."""
    words: dict[str, str] = {}
    for category in ("issues", "exceptions"):
        words |= await async_get_translations(hass, "en", category, {DOMAIN})
    return Troubles(hass, entry, words)


@callback
def async_forget_issues(hass: HomeAssistant, entry: CexioConfigEntry) -> None:
    """Delete all issues of the troubles of an entry."""
    for issue_id in _issues_of(hass, entry):
        ir.async_delete_issue(hass, DOMAIN, issue_id)


def _issues_of(hass: HomeAssistant, entry: CexioConfigEntry) -> list[str]:
    """Return the ids of the issues of the troubles of an entry."""
    return [
        issue.issue_id
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
        and issue.data is not None
        and issue.data.get("entry_id") == entry.entry_id
    ]
