"""Market time and played time: a replay that jumps over closed hours plays less than it shows."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from app.brokers.paper.recording import GAP_S, Floats


class Timeline:
    """Maps a recording's own moments to played seconds, counted from its first row.

    `starts_s` are the moments of the rows, `length_s` how long each lasts. With `skip_gaps` every
    silence longer than GAP_S takes no time at all.
    """

    def __init__(self, starts_s: Floats, length_s: float, *, skip_gaps: bool) -> None:
        gaps = np.diff(starts_s) - length_s
        cuts = np.flatnonzero(gaps > GAP_S) if skip_gaps else np.array([], dtype=np.int64)
        firsts = starts_s[np.concatenate([[0], cuts + 1])]
        lasts = starts_s[np.concatenate([cuts, [len(starts_s) - 1]])] + length_s
        lengths = lasts - firsts
        played = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
        self._market: list[float] = firsts.tolist()
        self._played: list[float] = played.tolist()
        self._lengths: list[float] = lengths.tolist()
        self.length_s: float = float(lengths.sum())

    def played(self, market_s: float) -> float:
        """Played seconds of a market moment; within a gap it is the end of what was before."""
        segment = max(0, bisect_right(self._market, market_s) - 1)
        inside = min(max(0.0, market_s - self._market[segment]), self._lengths[segment])
        return self._played[segment] + inside

    def played_all(self, market_s: Floats) -> Floats:
        """`played` of ascending moments at once."""
        starts, played = np.array(self._market), np.array(self._played)
        segment = np.maximum(0, np.searchsorted(starts, market_s, side="right") - 1)
        inside = np.clip(market_s - starts[segment], 0.0, np.array(self._lengths)[segment])
        return np.asarray(played[segment] + inside, dtype=np.float64)

    def market(self, played_s: float) -> float:
        """The market moment of a played second; at a jump, the moment after it."""
        segment = max(0, bisect_right(self._played, played_s) - 1)
        inside = min(max(0.0, played_s - self._played[segment]), self._lengths[segment])
        return self._market[segment] + inside
