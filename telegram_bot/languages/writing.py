"""How each language writes numbers, days and hours, as the CLDR has it.

A table of what the bot writes, instead of Babel's of everything, of which every process would hold some megabytes;
a test holds that both write the same.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Writing:
    """What differs between languages; dates are patterns of `str.format`."""

    decimal: str
    group: str
    # The names of months where they are not written as numbers.
    months: tuple[str, ...]
    date: str
    day: str
    hour: str

    def number(self, amount: Decimal) -> str:
        """Return all digits of a finite number without zeros at the end."""
        whole, _, part = format(amount, ",f").partition(".")
        part = part.rstrip("0")
        written = whole.replace(",", self.group)
        return f"{written}{self.decimal}{part}" if part else written

    def date_of(self, moment: datetime) -> str:
        """Return the date with its year."""
        month = self.months[moment.month - 1]
        return self.date.format(moment, month=month)

    def day_of(self, moment: datetime) -> str:
        """Return the date as short as it gets, without its year."""
        return self.day.format(moment)

    def hour_of(self, moment: datetime) -> str:
        """Return hour and minute as short as they get."""
        return self.hour.format(moment)


WRITINGS = {
    "en": Writing(
        decimal=".",
        group=",",
        months=(
            *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
            *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        ),
        date="{month} {0.day}, {0.year}",
        day="{0.month}/{0.day}",
        hour="{0:%H:%M}",
    ),
    "de": Writing(
        decimal=",",
        group=".",
        months=("",) * 12,
        date="{0:%d.%m}.{0.year}",
        day="{0.day}.{0.month}.",
        hour="{0:%H:%M}",
    ),
    "fr": Writing(
        decimal=",",
        group="\u202f",
        months=(
            *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
            *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
        ),
        date="{0.day} {month} {0.year}",
        day="{0:%d/%m}",
        hour="{0:%H:%M}",
    ),
    "es": Writing(
        decimal=",",
        group=".",
        months=(
            *("ene", "feb", "mar", "abr", "may", "jun"),
            *("jul", "ago", "sept", "oct", "nov", "dic"),
        ),
        date="{0.day} {month} {0.year}",
        day="{0.day}/{0.month}",
        hour="{0.hour}:{0:%M}",
    ),
    "uk": Writing(
        decimal=",",
        group="\u00a0",
        months=(
            *("січ.", "лют.", "бер.", "квіт.", "трав.", "черв."),  # noqa: RUF001 - Ukrainian
            *("лип.", "серп.", "вер.", "жовт.", "лист.", "груд."),
        ),
        date="{0.day} {month} {0.year}\u202fр.",  # noqa: RUF001 - Ukrainian
        day="{0:%d.%m}",
        hour="{0:%H:%M}",
    ),
}
