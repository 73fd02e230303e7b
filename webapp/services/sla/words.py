"""How clocks are spoken of."""

from datetime import timedelta

METRIC_NAMES = {
    "time_to_assignment": "Time to assignment",
    "first_response": "First response",
    "next_response": "Next response",
    "periodic_update": "Periodic update",
    "pausable_update": "Pausable update",
    "requester_wait": "Requester wait time",
    "agent_work": "Agent work time",
    "total": "Total resolution time",
}

METRIC_MEANINGS = {
    "time_to_assignment": "Until somebody has the ticket. Waiting for the customer does not count.",
    "first_response": "From the customer's first message to our first reply.",
    "next_response": "From the customer's oldest unanswered message to our next reply.",
    "periodic_update": "From one reply of ours to the next, whoever's turn it is.",
    "pausable_update": "From one reply of ours to the next. Waiting for the customer does not count.",
    "requester_wait": "To the resolution. Waiting for the customer does not count.",
    "agent_work": "To the resolution. Waiting for the customer, or on hold, does not count.",
    "total": "To the resolution, all of it.",
}
"""What each of them counts, for whoever promises it."""


def duration(span: timedelta) -> str:
    """A span in its two largest units: `2 d 3 h`, `1 h 5 min`, `40 s`; the sign is left out."""
    seconds = int(abs(span.total_seconds()))
    sizes = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    parts = []
    for unit, size in sizes:
        count, seconds = divmod(seconds, size)
        parts.append((count, unit))
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [f"{count} {unit}" for count, unit in parts[first : first + 2] if count]
    return " ".join(shown) or "0 s"
