"""Everything about one order beside the Orders table: its life, its times, its fills, its ids."""
