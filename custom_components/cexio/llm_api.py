"""Tools for assistants with a language model: they tell, and cannot move anything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import llm

from .actions.account import SERVICE_GET_BALANCES
from .actions.common import ATTR_CURRENCY, currency_code, pair_name
from .actions.market import SERVICE_GET_TICKER
from .actions.orders import SERVICE_GET_ORDERS
from .actions.portfolio import SERVICE_GET_PORTFOLIO
from .const import CONF_KIND, CONF_PAIR, CONF_PAIRS, DOMAIN, KIND_ACCOUNT
from .schema import vol

NAME = "CEX.IO"
PROMPT = (
    "The tools that begin with cexio tell about the user's account at the exchange"
    " CEX.IO and about its markets. They only read: orders cannot be placed or"
    " cancelled and funds cannot be moved with them; say so when asked to. Amounts and"
    " prices are exact decimal numbers; null means that it is not known. An empty"
    " account_id is the main account."
)

ATTR_ACCOUNT = "account"

# Of an order, what somebody asks about.
ORDER_FIELDS = (
    *("pair", "side", "order_type", "status", "price", "stop_price", "amount"),
    *("quote_amount", "executed_amount", "account_id", "created", "order_id"),
)

type Answer = Mapping[str, Any]


def _no_fields(_arguments: Answer) -> dict[str, Any]:
    """Return nothing: the action takes what the entry has."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One tool: the action behind it, what it is asked and what is told of the answer."""

    name: str
    title: str
    description: str
    action: str
    parameters: Mapping[Any, Any] = field(default_factory=dict)
    request: Callable[[Answer], dict[str, Any]] = _no_fields
    answer: Callable[[Answer, Answer], dict[str, Any]] = lambda response, _arguments: (
        dict(response)
    )
    needs_account: bool = True


def _pair(value: str) -> str:
    """Return the name of a pair that was written with a dash or a slash."""
    return pair_name(value).replace("/", "-")


# A model has to be told that it is text.
PAIR = vol.All(str, _pair)
CURRENCY = vol.All(str, currency_code)


def _balances(response: Answer, arguments: Answer) -> dict[str, Any]:
    """Return the balances, of one currency if that was asked for."""
    currency = arguments.get(ATTR_CURRENCY)
    return {
        "balances": [
            item
            for item in response["balances"]
            if currency in (None, item[ATTR_CURRENCY])
        ]
    }


def _orders(response: Answer, arguments: Answer) -> dict[str, Any]:
    """Return the open orders, of one pair if that was asked for."""
    pair = arguments.get(CONF_PAIR)
    return {
        "orders": [
            {name: item[name] for name in ORDER_FIELDS}
            for item in response["orders"]
            if pair in (None, item[CONF_PAIR])
        ]
    }


QUESTIONS = (
    Question(
        name="get_price",
        title="Get price",
        description=(
            "Returns what a trading pair is worth at the exchange right now: best bid,"
            " best ask, their middle, the last trade, and high, low, volume and change"
            " of the last 24 hours."
        ),
        action=SERVICE_GET_TICKER,
        parameters={
            vol.Required(CONF_PAIR, description="The pair, such as BTC-USD"): PAIR
        },
        request=lambda arguments: {CONF_PAIRS: [arguments[CONF_PAIR]]},
        answer=lambda response, arguments: dict(
            response["tickers"][arguments[CONF_PAIR]]
        ),
        needs_account=False,
    ),
    Question(
        name="get_balance",
        title="Get balance",
        description=(
            "Returns what the accounts hold of each currency: total, available and on"
            " hold for open orders. The CEX.IO Wallet is not among them."
        ),
        action=SERVICE_GET_BALANCES,
        parameters={
            vol.Optional(
                ATTR_CURRENCY, description="Only this currency, such as BTC"
            ): CURRENCY
        },
        answer=_balances,
    ),
    Question(
        name="get_open_orders",
        title="Get open orders",
        description="Returns the orders that are open, with what is filled already.",
        action=SERVICE_GET_ORDERS,
        parameters={
            vol.Optional(
                CONF_PAIR, description="Only orders of this pair, such as BTC-USD"
            ): PAIR
        },
        answer=_orders,
    ),
    Question(
        name="get_portfolio",
        title="Get portfolio",
        description=(
            "Returns what everything is worth in the user's currency, how that changed"
            " within 24 hours, and value, share, cost and profit of each asset."
        ),
        action=SERVICE_GET_PORTFOLIO,
    ),
)


class CexioTool(llm.Tool):
    """Answers one question by the action behind it."""

    annotations = llm.ToolAnnotations(
        read_only=True, destructive=False, idempotent=True, open_world=True
    )
    integration = DOMAIN

    def __init__(self, question: Question, entries: Mapping[str, str]) -> None:
        """Take the entries by title that the question may be about."""
        self.name = f"{DOMAIN}__{question.name}"
        self.title = question.title
        self.description = question.description
        self._question = question
        self._entries = entries
        fields = dict(question.parameters)
        if len(entries) > 1:
            which = vol.Required(ATTR_ACCOUNT, description="Which account is meant")
            fields[which] = vol.In(list(entries))
        self.parameters = vol.Schema(fields)

    @override
    async def async_call(
        self,
        hass: HomeAssistant,
        tool_input: llm.ToolInput,
        llm_context: llm.LLMContext,
    ) -> llm.ToolResult:
        """Ask, and tell why where there is no answer."""
        try:
            arguments = self.parameters(tool_input.tool_args)
            title = arguments.get(ATTR_ACCOUNT, next(iter(self._entries)))
            response = await hass.services.async_call(
                DOMAIN,
                self._question.action,
                {
                    ATTR_CONFIG_ENTRY_ID: self._entries[title],
                    **self._question.request(arguments),
                },
                blocking=True,
                context=llm_context.context,
                return_response=True,
            )
        except (HomeAssistantError, vol.Invalid) as err:
            return llm.ToolResult(data={"error": str(err)}, error=True)
        return llm.ToolResult(data=self._question.answer(response or {}, arguments))


class CexioAPI(llm.API):
    """What an assistant gets that was given this API in its options."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Name the API."""
        super().__init__(hass=hass, id=DOMAIN, name=NAME)

    @override
    async def async_get_api_instance(
        self, llm_context: llm.LLMContext
    ) -> llm.APIInstance:
        """Return the tools that the entries allow at this moment."""
        entries = self.hass.config_entries.async_entries(
            DOMAIN, include_ignore=False, include_disabled=False
        )
        accounts = [item for item in entries if item.data[CONF_KIND] == KIND_ACCOUNT]
        return llm.APIInstance(
            api=self,
            api_prompt=PROMPT,
            llm_context=llm_context,
            tools=[
                CexioTool(question, by_title(usable))
                for question in QUESTIONS
                # Prices are the same for all.
                if (usable := accounts if question.needs_account else entries[:1])
            ],
        )


def by_title(entries: Sequence[ConfigEntry]) -> dict[str, str]:
    """Return the ids of entries by their titles, each title once."""
    titles: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        is_taken = entry.title in titles
        title = f"{entry.title} {number}" if is_taken else entry.title
        titles[title] = entry.entry_id
    return titles


@callback
def async_setup_llm_api(hass: HomeAssistant) -> None:
    """Offer the API for good: an assistant must not fail while an entry is not loaded."""
    llm.async_register_api(hass, CexioAPI(hass))
