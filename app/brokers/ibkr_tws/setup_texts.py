"""The pages and checks of the way to TWS, as the trader reads them. Words only.

Names of menus and settings: IBKR's guide to TWS ("API", "Lock and Exit", "Auto Restart
Considerations" at ibkrguides.com) and the TWS API documentation at IBKR Campus ("TWS Settings",
"API Error Messages when TWS is not set to the English Language").
"""

from __future__ import annotations

from app.brokers.base import SettingField
from app.brokers.ibkr_tws.ports import THIS_COMPUTER
from app.brokers.setup import Check, CheckState, Option, Page, PageKind

WAY, FIND, SETTINGS, ACCOUNT, PERMISSIONS = "way", "find", "settings", "account", "permissions"
WAY_TWS, WAY_WEB = "tws", "web"
MARKET_DATA = "market_data"  # the setting that the permissions lead to

_TWS = "TWS: File > Global Configuration > {}"
_GATEWAY = "IB Gateway: Configure > Settings > {}"
_BY_HAND = CheckState.BY_HAND


def _path(where: str, *, gateway: str = "") -> str:
    return f"{_TWS.format(where)}\n{gateway or _GATEWAY.format(where)}"


def _api(name: str) -> str:
    return _path(f"API > Settings > {name}")


WAY_PAGE = Page(
    WAY,
    "Way to IBKR",
    "How this computer reaches Interactive Brokers. Through TWS or IB Gateway you log in there as"
    " always: Moorgate needs no user name and no password of yours, and stores none.",
    PageKind.CHOICE,
    options=(
        Option(
            WAY_TWS,
            "TWS or IB Gateway on this computer",
            "The full connection: orders, quotes, history, order books. The program must be"
            " running and logged in. It may also run on another computer of your network.",
        ),
        Option(
            WAY_WEB,
            "Client Portal Web API",
            "Without TWS, with a log-in in the browser. This version of Moorgate does not speak"
            " it; a later one will.",
            badge="not in this version",
            is_available=False,
        ),
    ),
    work="Looking for the package that speaks with TWS",
)

HOST_FIELD = SettingField(
    "host", "text", THIS_COMPUTER, "Host", f"where TWS runs; {THIS_COMPUTER} is this computer"
)
# A text, and empty unless typed: what is found needs no typing.
PORT_FIELD = SettingField(
    "port", "text", "", "Port",
    "a number such as 7497: the Socket port in TWS's API settings",
)  # fmt: skip

FIND_PAGE = Page(
    FIND,
    "Find TWS",
    "Moorgate looks for TWS and IB Gateway on their usual ports. It only asks for their version:"
    " it does not log on, and no client id is taken. Choose the one to use, or enter its port.",
    PageKind.SEARCH,
    fields=(HOST_FIELD, PORT_FIELD),
    work="Looking for TWS and IB Gateway",
)

SOCKET = Check(
    "socket",
    "Enable ActiveX and Socket Clients: on",
    _path("API > Settings > Enable ActiveX and Socket Clients", gateway="IB Gateway: always on"),
    "Without it TWS listens to no program.",
)
READ_ONLY = Check(
    "read_only",
    "Read-Only API: off",
    _api("Read-Only API"),
    "While it is ticked TWS refuses every order, change and cancel. Leave it ticked only for a"
    " connection that is for data alone.",
)
DATA_ONLY_CHECK = Check(
    "data_only",
    "Data only: this connection never sends an order",
    "",
    "Tick it for a connection that shows prices, positions and the account and nothing more;"
    " leave it empty to trade.",
    _BY_HAND,
)
DATA_ONLY = f"{SETTINGS}.{DATA_ONLY_CHECK.id}"  # the key of its tick among the answers
TRUSTED = Check(
    "trusted",
    "This computer is trusted",
    _api("Trusted IPs"),
    "For TWS on this computer leave Allow connections from localhost only ticked. For another"
    " computer untick it and add the address of this one to Trusted IPs.",
)
CLIENT_ID = Check(
    "client_id",
    "A client id of its own",
    "",
    "The number that tells the programs at one TWS apart. Moorgate looks for a free one; there is"
    " nothing to set in TWS.",
)
ZONE = Check(
    "zone",
    "Time zone with a regional name",
    "TWS and IB Gateway: log-in window > More Options > Time Zone",
    "A name such as America/New_York or Europe/Berlin, so that the times of executions are read"
    " without doubt.",
)
MASTER = Check(
    "master",
    "Master API client ID: empty, or this connection's client id",
    _api("Master API client ID"),
    "With this connection's id Moorgate hears at once of orders that other programs send. It"
    " cannot be asked for from outside.",
    _BY_HAND,
)
OPEN_ORDERS = Check(
    "open_orders",
    "Download open orders on connection: on",
    _api("Download open orders on connection"),
    "So that orders that work already are known from the first moment.",
    _BY_HAND,
)
PRECAUTIONS = Check(
    "precautions",
    "Bypass Order Precautions for API Orders: on",
    _path("API > Precautions > Bypass Order Precautions for API Orders"),
    "Otherwise an order beyond TWS's presets is refused, or waits for a click in TWS that nobody"
    " sees. Moorgate's own risk limits hold in any case.",
    _BY_HAND,
)
ENGLISH = Check(
    "english",
    "Messages in English",
    _api("Show API error messages in English"),
    "Moorgate shows TWS's own words beside its own. Log in with TWS in English where this setting"
    " is missing.",
    _BY_HAND,
)
RESTART = Check(
    "restart",
    "Auto restart, at a time without trading",
    _path("Lock and Exit > Auto restart"),
    "TWS restarts once a day and Moorgate connects again by itself. With Auto log off you would"
    " have to log in by hand every day; with Auto restart once a week, after Sunday 01:00 New"
    " York time. The computer must not go to sleep.",
    _BY_HAND,
)
SETTINGS_CHECKS = (
    SOCKET, READ_ONLY, DATA_ONLY_CHECK, TRUSTED, CLIENT_ID, ZONE,
    MASTER, OPEN_ORDERS, PRECAUTIONS, ENGLISH, RESTART,
)  # fmt: skip

SETTINGS_PAGE = Page(
    SETTINGS,
    "Settings in TWS",
    "Moorgate logs on for a moment and tests what can be tested from outside. It sends no order."
    " The other lines are for you to look up and tick; they need not all be ticked to go on.",
    PageKind.CHECKLIST,
    checks=SETTINGS_CHECKS,
    work="Logging on to TWS for a moment",
)

ACCOUNT_PAGE = Page(
    ACCOUNT,
    "Account",
    "The accounts of the user who is logged in at TWS. PAPER or LIVE is told by the number of the"
    " account itself, never by the port. To use another user, log in to TWS with it and try again.",
    PageKind.SEARCH,
    work="Asking TWS for its accounts",
)

DATA = Check(
    "data",
    "Market data",
    "Client Portal: Settings > Market Data Subscriptions",
    "What this user may see through the API. That TWS itself shows a price is not enough: the API"
    " needs the subscription and the Market Data API agreement.",
)
TRADING = Check(
    "trading",
    "Trading",
    _api("Read-Only API"),
    "Whether TWS takes orders from programs. No order is sent to find out.",
)
ORDERS = Check(
    "orders",
    "Open orders can be read",
    _api("Download open orders on connection"),
    "Trading opens only when the orders at IBKR are known.",
)
HISTORY = Check(
    "history",
    "Historical data",
    "Client Portal: Settings > Market Data Subscriptions",
    "Charts are filled from it; it needs the same subscriptions as live data.",
)
PERMISSIONS_CHECKS = (DATA, TRADING, ORDERS, HISTORY)

PERMISSIONS_PAGE = Page(
    PERMISSIONS,
    "What is allowed",
    "Moorgate asks for a quote of SPY (and of EUR.USD where SPY is not allowed) and for an hour of"
    " its history, to see what this user may have. Nothing is bought and no order is sent.",
    PageKind.CHECKLIST,
    checks=PERMISSIONS_CHECKS,
    work="Testing market data and permissions",
)
PAGES = (WAY_PAGE, FIND_PAGE, SETTINGS_PAGE, ACCOUNT_PAGE, PERMISSIONS_PAGE)
