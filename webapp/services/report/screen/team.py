"""The team screen: one row an agent, to be sorted; no podium."""

from collections import Counter
from typing import Any

from webapp.services.report.figures import open_report
from webapp.services.report.presence import STATES, time_by_reason, time_in_status
from webapp.services.report.screen.parts import Row, entry, ranking
from webapp.services.report.screen.source import Source
from webapp.services.report.words import said

COLUMNS = {
    "assigned": "Assigned",
    "resolved": "Resolved",
    "replies": "Replies",
    "first_response_median": "First response",
    "total_median": "Resolution",
    "sla_breached": "Breaches",
    "reopen_rate": "Reopened",
    "backlog": "Open now",
}
LOAD = "backlog"
HERE = [state for state in STATES if state != "offline"]


def team_screen(source: Source, *, sort: str = "resolved", is_falling: bool = True) -> dict[str, Any]:
    """What the page shows: agents who have a figure, by the column `sort`, one of `COLUMNS`."""
    measured = [name for name in COLUMNS if name != LOAD]
    today = source.scope.model_copy(update={"range": "today", "first": None, "last": None})
    now = Source(open_report(today, session=source.session))
    done = {row.key: row for row in ranking(source, measured, "agent", drawn="resolved")}
    loads = {row.key: row for row in ranking(now, [LOAD], "agent", drawn=LOAD)}
    empty = {name: entry(name, None) for name in COLUMNS}
    rows = [
        Row(
            key,
            (done.get(key) or loads[key]).name,
            [
                *(done[key].cells if key in done else [empty[name] for name in measured]),
                *(loads[key].cells if key in loads else [empty[LOAD]]),
            ],
        )
        for key in {**done, **loads}
        if key is not None
    ]
    shown = _sorted(rows, list(COLUMNS).index(sort), is_falling=is_falling)
    return {"rows": shown, "columns": COLUMNS, "presence": _presence(source), "absences": _absences(source)}


def _presence(source: Source) -> list[dict[str, Any]]:
    """Who was here in the range and how: `[{name, times: [in words, by STATES]}]`, most online first.

    Of the filters the agents' alone counts: nobody is here for a ticket.
    """
    names = source.report.labels("agent")
    spent = time_in_status(*source.frame.span, session=source.session)
    chosen = [(names[str(who)], times) for who, times in spent.items() if _is_asked(source, str(who), names)]
    here = [(name, times) for name, times in chosen if any(times[state] for state in HERE)]
    here.sort(key=lambda row: (-row[1]["online"], row[0]))
    return [
        {"name": name, "times": [said(times[state], "seconds") for state in STATES]} for name, times in here
    ]


def _absences(source: Source) -> dict[str, Any]:
    """Why people were not there: `{reasons, rows: [{name, times: [in words, by reasons]}]}`."""
    names = source.report.labels("agent")
    spent = time_by_reason(*source.frame.span, session=source.session)
    chosen = [(names[str(who)], times) for who, times in spent.items() if _is_asked(source, str(who), names)]
    total: Counter[str] = Counter()
    for _, times in chosen:
        total.update(times)
    reasons = sorted(total, key=lambda reason: (-total[reason], reason))
    rows = [
        {"name": name, "times": [said(times.get(reason), "seconds") for reason in reasons]}
        for name, times in sorted(chosen, key=lambda row: row[0])
    ]
    return {"reasons": reasons, "rows": rows}


def _is_asked(source: Source, who: str, names: dict[str | None, str]) -> bool:
    return who in names and (not source.scope.agent or who in source.scope.agent)


def _sorted(rows: list[Row], place: int, *, is_falling: bool) -> list[Row]:
    """By a column; whoever has nothing there, or too little to compare, comes last."""
    told = [row for row in rows if row.cells[place].value is not None and not row.cells[place].is_few]
    rest = [row for row in rows if row not in told]
    told.sort(key=lambda row: row.name)
    told.sort(key=lambda row: row.cells[place].value or 0, reverse=is_falling)
    return told + sorted(rest, key=lambda row: row.name)
