"""What a first run writes: every setting with its default, and one paper connection."""

DEFAULT_TEXT = """\
# Moorgate settings. Edit by hand or in the window: it changes only the lines that it must, and
# comments and order stay. A mistake in here is reported with its line; nothing is overwritten.

[general]
theme = "dark"               # "dark" or "light"
up_color = "green"           # "green" or "red": the colour of rising prices
color_blind = false          # blue and orange in place of green and red
ui_scale_percent = 100       # 80 to 200
reduced_motion = "system"    # "on" and "off" decide it here
timezone = "local"           # "local" or a zone such as "America/New_York"
confirm_exit = true          # list open positions and held orders before closing
idle_disarm_minutes = 15     # trading keys disarm after this long without input
disarm_on_lock = true        # ... and when the screen is locked, where the system tells
profit_method = "fifo"       # "fifo" or "average"
base_currency = "USD"        # totals over all accounts are shown in it

[trading]
default_quantity = 1
size_presets = [1, 10, 50, 100, 500]  # also "$5000", "10%" of buying power, "risk $50"
risk_stop_ticks = 20         # how far the stop of a risk size or of a bracketed position lies
target_ticks = 40            # how far its target lies
price_step_ticks = 5         # the larger step of the price keys
confirm_orders = true        # ask before an order of the ticket is sent
confirm_close_by_click = true  # ask before a clicked button closes a position
confirm_changes = false      # ask before a changed order is sent
staged_orders = false        # a trading key fills the ticket, Enter sends
answer_timeout_s = 5         # an order without an answer for this long is checked

[notifications]
toasts = true                # warnings come up in the window; the log has them anyway
toast_s = 8
sounds = true
volume_percent = 60
sound_on_fill = true
sound_on_reject = true
sound_on_disconnect = true

[risk]                       # "off" switches a limit off; money in the instrument's currency
max_order_quantity = "off"
max_order_value = 250000
price_collar_percent = 5     # how far a price may lie from the market
quote_max_age_s = 10         # an older quote stops market orders
max_position_quantity = "off"
max_position_value = "off"
max_open_orders = 200
max_daily_loss = "off"
max_orders_per_minute = 120
duplicate_window_s = 1       # the same order again within this time is refused
banned = []                  # symbols that are never traded, such as ["GME"]

[keys]                       # "trading.buy_market" = "Ctrl+Alt+B"; "" takes a key away

# One block a connection. Passwords and keys never stand here: the window asks for them and the
# system's keyring keeps them.
[[connection]]
id = "paper"
broker = "paper"
environment = "paper"
autoconnect = true
read_only = false
"""
