"""The pages of reports: they show what the engine says, keep what was chosen, and say what is wrong."""

import csv
import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.pages import submit
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.schemas.report import Scope
from webapp.services import presence, report
from webapp.services import ticket as tickets
from webapp.services import user as users
from webapp.services.report.compute import Answers
from webapp.services.report.screen import parts, source, team
from webapp.services.report.words import said
from webapp.tasks import worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

PAGES = ("sla", "volume", "speed", "team")
HERE = "/admin/reports"
FORM = re.compile(r'<form method="post" action="(/admin/reports/tickets[^"]*)"')


@pytest.fixture
def desk(make: Any, clock: Any, session: Any) -> Any:
    """A desk with a short past: five tickets, of which four are answered and three resolved."""
    workspace = make.workspace()
    admin = make.user(role="admin", name="Nora")
    inbox = make.inbox()
    with use_workspace(workspace.id), acting_as(make.actor(admin)):
        with transaction():
            for number in range(5):
                priority = ("high", "low")[number % 2]
                made = tickets.create_ticket(
                    f"Ticket {number}",
                    "",
                    f"c{number}@shop.example",
                    channel="chat",
                    inbox=inbox,
                    priority=priority,
                )
                tickets.assign_ticket(made.id, admin.id)
                clock.advance(minutes=7)
                if number < 4:
                    tickets.add_comment(made.id, "Hello")
                if number < 3:
                    tickets.update_ticket_status(made.id, "resolved")
        with transaction():
            while not report.catch_up():
                pass
    return admin, make.actor(admin), workspace


@pytest.fixture
def admin(sign_in: Any, desk: Any) -> Any:
    return sign_in(desk[0])


def text_of(answer: Any) -> str:
    return html.unescape(answer.get_data(as_text=True))


def links_of(text: str, metric: str) -> list[str]:
    found = re.findall(rf'href="({HERE}/tickets\?[^"]*metric={metric}[^"]*)"', text)
    return [link.replace("&amp;", "&") for link in found]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_served_with_its_figures(admin: Any, name: str) -> None:
    answer = admin.get(f"{HERE}/{name}")
    assert answer.status_code == 200
    assert 'aria-current="page">' + {"sla": "SLA"}.get(name, name.capitalize()) in text_of(answer)


@pytest.mark.parametrize("name", ["sla", "volume", "speed"])
def test_each_tile_says_what_the_engine_says_and_leads_to_as_many_rows(
    admin: Any, desk: Any, session: Any, name: str
) -> None:
    text = text_of(admin.get(f"{HERE}/{name}"))
    tiles = re.findall(r'class="tile-value"><a href="([^"]+)">([^<]+)<', text)
    assert len(tiles) >= 6
    with use_workspace(desk[2].id), acting_as(desk[1]):
        found = report.open_report(Scope())
        for url, shown in tiles:
            metric = parse_qs(urlsplit(url).query)["metric"][0]
            figure = found.figure(metric)
            assert shown == said(figure.value, report.METRICS[metric].unit), metric
            listed = text_of(admin.get(url.replace("&amp;", "&")))
            assert re.search(r'id="rows-head">([\d,]+) ', listed)[1] == f"{figure.n:,}", metric


def test_a_bar_of_a_chart_leads_to_as_many_rows_as_it_says(admin: Any) -> None:
    text = text_of(admin.get(f"{HERE}/volume"))
    cells = re.findall(r'<a href="([^"]+metric=created[^"]+bucket_start[^"]+)">(\d+)</a>', text)
    assert sum(int(count) for _, count in cells) >= 5
    for url, count in cells[-3:]:
        assert f'id="rows-head">{count} ' in text_of(admin.get(url))


def test_filters_and_range_are_kept_in_every_link(admin: Any) -> None:
    text = text_of(admin.get(f"{HERE}/volume?range=7d&priority=high&compare=1&by=tier"))
    assert links_of(text, "created")
    for link in links_of(text, "created"):
        query = parse_qs(urlsplit(link).query)
        assert query["range"] == ["7d"]
        assert "high" in query["priority"]
    assert 'href="/admin/reports/speed?range=7d&compare=1&priority=high"' in text.replace("&amp;", "&")
    assert "Without Priority: High" in text
    assert re.search(r'<input type="hidden" name="by" value="tier">', text)
    assert re.search(r'name="priority" value="high" checked', text)


def test_a_filter_narrows_every_figure(admin: Any) -> None:
    for priority, count in (("high", 3), ("low", 2), ("critical", 0)):
        text = text_of(admin.get(f"{HERE}/volume?priority={priority}"))
        assert re.search(r"metric=created[^>]*>(\d+)</a>", text)[1] == str(count)


@pytest.mark.parametrize(
    "query, kept, said_",
    [
        ("range=custom&from=2026-05-02&to=2026-05-01", 'value="2026-05-01"', "before the first"),
        ("range=custom&from=yesterday&to=2026-05-01", 'value="yesterday"', "date"),
        ("range=eternity", 'value="eternity"', "Range"),
        ("group=hour&range=90d", 'value="hour" selected', "400 points"),
        ("zone=Mars/Olympus", "", "time zone"),
        ("agent=nobody-we-know", "", "not an id"),
        ("by=colour", "", "By"),
    ],
)
def test_what_cannot_be_read_is_said_and_kept(admin: Any, query: str, kept: str, said_: str) -> None:
    answer = admin.get(f"{HERE}/sla?{query}")
    assert answer.status_code == 422
    assert said_ in text_of(answer)
    assert kept in text_of(answer)
    assert 'class="tile"' not in text_of(answer)


@pytest.mark.parametrize("query", ["", "metric=luck", "metric=created&cursor=x", "metric=created&bin=3"])
def test_a_list_of_nothing_we_know_says_so(admin: Any, query: str) -> None:
    answer = admin.get(f"{HERE}/tickets?{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in text_of(answer)


def test_a_list_goes_on_page_by_page_without_losing_any(admin: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("webapp.pages.reports.PAGE", 2)
    seen, url = [], f"{HERE}/tickets?metric=created"
    while url:
        text = text_of(admin.get(url))
        assert 'id="rows-head">5 tickets' in text
        seen += re.findall(r"/agent/v/all/t/(\d+)", text)
        more = re.search(r'href="([^"]+)" rel="next"', text)
        url = more[1] if more else None
    assert len(seen) == len(set(seen)) == 5


def test_a_list_too_long_to_be_sent_at_once_is_written_to_a_file(
    admin: Any, monkeypatch: Any, sign_in: Any, make: Any
) -> None:
    monkeypatch.setattr("webapp.pages.reports.AT_ONCE", 4)
    place = f"{HERE}/tickets?metric=created&priority=high"
    assert "as CSV" in admin.get(place).text
    place = f"{HERE}/tickets?metric=created"
    page = admin.get(place)
    assert "as CSV" not in page.text
    assert "Write all 5 to a CSV file" in page.text
    assert "Write all" not in sign_in(make.user(role="viewer")).get(place).text
    answer = submit(admin, html.unescape(FORM.search(page.text)[1]), {}, page=place)
    assert answer.location == "/settings/exports"
    worker.run_due()
    file = re.search(r'href="(/exports/[^"]+)"', admin.get("/settings/exports").text)
    with admin.get(html.unescape(file[1])) as answer:
        lines = list(csv.reader(answer.text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines()))
    table = lines.index([])
    assert dict(lines[:table])["n"] == "5"
    assert sorted(line[1] for line in lines[table + 2 :]) == [f"Ticket {number}" for number in range(5)]
    wrong = submit(admin, f"{HERE}/tickets?metric=luck", {}, page=place)
    assert wrong.status_code == 422


def test_every_chart_s_file_says_what_it_draws(admin: Any) -> None:
    seen = set()
    for name in ("sla", "volume", "speed?time=total"):
        text = text_of(admin.get(f"{HERE}/{name}"))
        for url, label in re.findall(r'class="chart-csv[^"]*" href="([^"]+)" download>([^<]+)<', text):
            answer = admin.get(url)
            assert answer.status_code == 200, url
            assert answer.mimetype == "text/csv"
            seen.add((label, answer.headers["Content-Disposition"].partition("filename=")[2].strip('"')))
    assert {
        ("CSV: Created", "created.csv"),
        ("CSV: Nine of ten", "total_p90.csv"),
        ("CSV", "created-by-hour.csv"),
        ("CSV", "backlog-spread.csv"),
    } <= seen


def test_a_long_range_has_all_its_charts_and_their_files(admin: Any, monkeypatch: Any) -> None:
    drawn = [len(re.findall("data-chart=", text_of(admin.get(f"{HERE}/volume"))))]
    monkeypatch.setattr("webapp.services.report.compute.QUICK_TICKETS", 1)
    admin.get(f"{HERE}/volume")
    worker.run_due()
    text = text_of(admin.get(f"{HERE}/volume"))
    drawn.append(len(re.findall("data-chart=", text)))
    assert drawn[0] == drawn[1] == 5
    assert 'id="layers"' in text
    for url in re.findall(r'class="chart-csv[^"]*" href="([^"]+)"', text):
        assert admin.get(url).status_code == 200, url


def test_a_new_workspace_is_told_what_will_be_here(make: Any, sign_in: Any) -> None:
    make.workspace()
    client = sign_in(make.user(role="viewer"))
    for name in PAGES:
        text = text_of(client.get(f"{HERE}/{name}"))
        assert "Nothing to show yet" in text
        assert "Traceback" not in text
    assert "No data in this time." in text_of(client.get(f"{HERE}/speed"))


def test_compared_figures_say_what_they_were(admin: Any) -> None:
    assert "was 0" in text_of(admin.get(f"{HERE}/volume?compare=1&range=7d"))
    assert "was 0" not in text_of(admin.get(f"{HERE}/volume?range=7d"))


def test_the_team_is_sorted_by_any_column_and_few_are_not_ranked(admin: Any) -> None:
    for column in team.COLUMNS:
        for order in ("falling", "rising"):
            text = text_of(admin.get(f"{HERE}/team?sort={column}&order={order}"))
            assert f'aria-sort="{"descending" if order == "falling" else "ascending"}"' in text
    text = text_of(admin.get(f"{HERE}/team"))
    assert "cell-value is-few" in text


def test_the_team_page_says_how_long_each_was_here(admin: Any, desk: Any, make: Any, clock: Any) -> None:
    assert "Who was here" not in admin.get(f"{HERE}/team").text
    ben, other = make.user(role="agent", name="Ben"), make.user(role="agent")
    with use_workspace(desk[2].id), transaction():
        presence.opened("user", ben.id, desk[2].id)
    clock.advance(minutes=40)
    with use_workspace(desk[2].id), acting_as(make.actor(ben)), transaction():
        users.set_availability("away")
    clock.advance(minutes=20)
    here = admin.get(f"{HERE}/team").text.partition("Who was here")[2]
    cells = re.findall(r"<t[dh][^>]*>([^<]+)</t", here)
    assert cells[5:9] == ["Ben", "40 min", "20 min", "0 s"]
    assert "Who was here" not in admin.get(f"{HERE}/team?agent={other.id}").text


def test_whoever_has_too_little_to_compare_comes_last() -> None:
    def row(name: str, value: float | None, *, is_few: bool = False) -> parts.Row:
        return parts.Row(name, name, [parts.Entry(str(value), value=value, is_few=is_few)])

    rows = [row("A", 1, is_few=True), row("B", 5), row("C", None), row("D", 9)]
    assert [row.name for row in team._sorted(rows, 0, is_falling=True)] == ["D", "B", "A", "C"]
    assert [row.name for row in team._sorted(rows, 0, is_falling=False)] == ["B", "D", "A", "C"]


@pytest.mark.parametrize("name", PAGES)
def test_a_long_range_is_found_by_a_job_and_shown_once_it_is_done(
    admin: Any, monkeypatch: Any, name: str, desk: Any
) -> None:
    quick = text_of(admin.get(f"{HERE}/{name}"))
    monkeypatch.setattr("webapp.services.report.compute.QUICK_TICKETS", 1)
    text = text_of(admin.get(f"{HERE}/{name}"))
    assert "data-reload" in text
    worker.run_due()
    done = text_of(admin.get(f"{HERE}/{name}"))
    assert "data-reload" not in done
    figures = r'class="tile-value"><a [^>]+>([^<]+)<'
    assert re.findall(figures, done) == re.findall(figures, quick)


def test_what_a_screen_asks_is_what_it_is_built_from(desk: Any, session: Any) -> None:
    from webapp.services.report import screen

    with use_workspace(desk[2].id), acting_as(desk[1]):
        opened = report.open_report(Scope(compare=True))
        for build in (screen.sla_screen, screen.volume_screen, screen.speed_screen, screen.team_screen):
            asks = screen.asks_of(build, opened)
            answers = Answers(opened.frame.now, {ask: ask.of(opened) for ask in asks})
            assert build(source.Source(opened, answers))
