"""How long to wait before trying again: at once, then ever longer."""

FIRST_S, LONGEST_S = 10.0, 300.0
RESET_AFTER_S = 600.0


class BackOff:
    """Delays of 0, 10, 20, 40 … 300 seconds; begins anew after ten good minutes."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def next(self, lived_s: float = 0.0) -> float:
        """The delay now, after `lived_s` of success."""
        if lived_s >= RESET_AFTER_S:
            self._next_s = 0.0
        delay_s = self._next_s
        self._next_s = min(max(FIRST_S, 2 * delay_s), LONGEST_S)
        return delay_s
