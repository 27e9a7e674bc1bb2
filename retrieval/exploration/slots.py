"""How many places of a list go to guesses: from how little is known, and from the user's dial."""

import numpy as np

EAGERNESS = 0.63
"""Share of a list at full width and full dial, before the cap at half."""


def guess_count(slots: int, width: float, novelty: float) -> int:
    """How many of `slots` places go to guesses: falls with what is known, rises with the dial, at most half.

    Args:
        slots: Places of the list.
        width: How little is known, 0..1 (`Belief.width`).
        novelty: The dial, 0..1.
    """
    if slots <= 1 or novelty <= 0:
        return 0
    share = EAGERNESS * min(1.0, novelty) * min(1.0, max(0.0, width))
    return int(min(slots // 2, np.floor(share * slots + 0.5)))
