"""Who may what: one table for every route, one for every socket command, and how each is asked.

Columns are the people of `tests.support.world.WHO`. A number is the status; `in` leads to the sign-in page,
`go` anywhere else; `no` refuses the connection.
"""

import hashlib
import hmac
import io
import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from tests.support.world import WHO, Person, World, client_id, file_body
from webapp.extensions import db
from webapp.models import UserSession
from webapp.signing import continue_token, file_url

ROUTES = """
#                                                             none cust othr view agnt senr admn frgn
GET    /api/v1/tickets/<ticket_id>/routing                     401  401  401  200  200  200  200  404
PUT    /api/v1/tickets/<ticket_id>/skills                      401  401  401  403  200  200  200  404
POST   /api/v1/tickets/<ticket_id>/offers                      401  401  401  403  201  201  201  404
GET    /api/v1/offers                                          401  401  401  403  200  200  200  200
POST   /api/v1/offers/<offer_id>/accept                        401  401  401  403  404  404  404  404
POST   /api/v1/offers/<offer_id>/decline                       401  401  401  403  404  404  404  404
GET    /api/v1/me                                              401  401  401  200  200  200  200  200
PATCH  /api/v1/me                                              401  401  401  200  200  200  200  200
GET    /api/v1/notifications                                   401  401  401  200  200  200  200  200
POST   /api/v1/notifications/read                              401  401  401  200  200  200  200  200
GET    /api/v1/notifications/push-key                          401  401  401  200  200  200  200  200
POST   /api/v1/notifications/subscriptions                     401  401  401  201  201  201  201  201
DELETE /api/v1/notifications/subscriptions/<subscription_id>   401  401  401  404  404  404  404  404
GET    /api/v1/directory                                       401  401  401  200  200  200  200  200
GET    /api/v1/tickets                                         401  401  401  200  200  200  200  200
POST   /api/v1/tickets                                         401  401  401  403  201  201  201  404
GET    /api/v1/tickets/<ticket_id>                             401  401  401  200  200  200  200  404
PATCH  /api/v1/tickets/<ticket_id>                             401  401  401  403  200  200  200  404
GET    /api/v1/tickets/<ticket_id>/events                      401  401  401  200  200  200  200  404
GET    /api/v1/tickets/<ticket_id>/sla                         401  401  401  200  200  200  200  404
POST   /api/v1/tickets/<ticket_id>/comments                    401  401  401  403  201  201  201  404
POST   /api/v1/tickets/<ticket_id>/assign                      401  401  401  403  200  200  200  404
POST   /api/v1/tickets/<ticket_id>/spam                        401  401  401  403  200  200  200  404
DELETE /api/v1/tickets/<ticket_id>                             401  401  401  403  403  403  204  404
POST   /api/v1/tickets/<ticket_id>/restore                     401  401  401  403  403  403  200  404
GET    /api/v1/tickets/<ticket_id>/history                     401  401  401  200  200  200  200  404
GET    /api/v1/tickets/<ticket_id>/links                       401  401  401  200  200  200  200  404
POST   /api/v1/tickets/<ticket_id>/links                       401  401  401  403  201  201  201  404
DELETE /api/v1/tickets/<ticket_id>/links/<link_id>             401  401  401  403  204  204  204  404
GET    /api/v1/tickets/<ticket_id>/followers                   401  401  401  200  200  200  200  404
PUT    /api/v1/tickets/<ticket_id>/followers/<user_id>         401  401  401  200  200  200  200  404
DELETE /api/v1/tickets/<ticket_id>/followers/<user_id>         401  401  401  200  200  200  200  404
GET    /api/v1/tags                                            401  401  401  200  200  200  200  200
POST   /api/v1/tags                                            401  401  401  403  403  201  201  201
PATCH  /api/v1/tags/<id>                                       401  401  401  403  403  200  200  404
POST   /api/v1/tags/<id>/merge                                 401  401  401  403  403  200  200  404
DELETE /api/v1/tags/<id>                                       401  401  401  403  403  204  204  404
GET    /api/v1/fields                                          401  401  401  200  200  200  200  200
POST   /api/v1/fields                                          401  401  401  403  403  403  201  201
PATCH  /api/v1/fields/<id>                                     401  401  401  403  403  403  200  404
GET    /api/v1/statuses                                        401  401  401  200  200  200  200  200
POST   /api/v1/statuses                                        401  401  401  403  403  403  201  201
PATCH  /api/v1/statuses/<id>                                   401  401  401  403  403  403  200  404
GET    /api/v1/tickets/counts                                  401  401  401  200  200  200  200  200
POST   /api/v1/tickets/<ticket_id>/snooze                      401  401  401  403  200  200  200  404
POST   /api/v1/tickets/<ticket_id>/wake                        401  401  401  403  200  200  200  404
POST   /api/v1/tickets/<ticket_id>/merge                       401  401  401  403  422  422  422  404
POST   /api/v1/tickets/<ticket_id>/unmerge                     401  401  401  403  409  409  409  404
POST   /api/v1/tickets/<ticket_id>/split                       401  401  401  403  422  422  422  404
POST   /api/v1/tickets/<ticket_id>/read                        401  401  401  204  204  204  204  404
PUT    /api/v1/tickets/<ticket_id>/drafts/<kind>               401  401  401  403  200  200  200  404
POST   /api/v1/tickets/<ticket_id>/attachments                 401  401  401  403  201  201  201  404
POST   /api/v1/tickets/<ticket_id>/comments/<comment_id>/withdraw 401 401 401 403 409  403  403  404
GET    /api/v1/tickets/<ticket_id>/transcript                  401  401  401  200  200  200  200  404
POST   /api/v1/tickets/<ticket_id>/transcript                  401  401  401  403  200  200  200  404
POST   /api/v1/deliveries/<id>/retry                           401  401  401  403  409  409  409  404
GET    /api/v1/customers                                       401  401  401  200  200  200  200  200
GET    /api/v1/customers/<id>                                  401  401  401  200  200  200  200  404
PATCH  /api/v1/customers/<id>                                  401  401  401  403  200  200  200  404
POST   /api/v1/blocks                                          401  401  401  403  201  201  201  404
DELETE /api/v1/blocks/<id>                                     401  401  401  403  204  204  204  404
GET    /api/v1/search                                          401  401  401  200  200  200  200  200
GET    /api/v1/events                                          401  401  401  200  200  200  200  200
POST   /api/v1/chat/visitors                                   201  201  201  201  201  201  201  201
POST   /api/v1/chat/identify                                   200  200  200  200  200  200  200  200
GET    /api/v1/chat/state                                      401  200  200  401  401  401  401  401
GET    /api/v1/chat/unread                                     401  200  200  401  401  401  401  401
POST   /api/v1/chat/comments                                   401  201  404  401  401  401  401  401
POST   /api/v1/chat/read                                       401  204  404  401  401  401  401  401
POST   /api/v1/chat/typing                                     401  204  404  401  401  401  401  401
POST   /api/v1/chat/end                                        401  200  404  401  401  401  401  401
POST   /api/v1/chat/transcript                                 401  204  404  401  401  401  401  401
POST   /api/v1/chat/continue                                   201  201  201  201  201  201  201  201
POST   /api/v1/chat/attachments                                401  201  201  401  401  401  401  401
GET    /api/v1/chat/events                                     401  200  404  401  401  401  401  401
GET    /chat/<key>                                             200  200  200  200  200  200  200  200
GET    /form/<key>                                              200  200  200  200  200  200  200  200
POST   /form/<key>                                              200  200  200  200  200  200  200  200
GET    /w/<key>.js                                             200  200  200  200  200  200  200  200
GET    /files/<claim>/<path:name>                              200  200  200  200  200  200  200  200
GET    /healthz                                                200  200  200  200  200  200  200  200
GET    /readyz                                                 200  200  200  200  200  200  200  200
GET    /static/<path:filename>                                 200  200  200  200  200  200  200  200
GET    /customers                                               in   in   in  200  200  200  200  200
GET    /customers/<uuid:customer_id>                            in   in   in  200  200  200  200  404
POST   /customers/<uuid:customer_id>                            in   in   in  403   go   go   go  404
POST   /customers/<uuid:customer_id>/block                      in   in   in  403   go   go   go  404
POST   /customers/<uuid:customer_id>/unblock                    in   in   in  403   go   go   go  404
GET    /customers/<uuid:customer_id>/merge                      in   in   in  403  200  200  200  404
POST   /customers/<uuid:customer_id>/merge                      in   in   in  403  422  422  422  404
GET    /organizations                                           in   in   in  200  200  200  200  200
GET    /organizations/new                                       in   in   in  403  200  200  200  200
POST   /organizations/new                                       in   in   in  403   go   go   go   go
GET    /organizations/<uuid:organization_id>                    in   in   in  200  200  200  200  404
POST   /organizations/<uuid:organization_id>                    in   in   in  403   go   go   go  404
POST   /organizations/<uuid:organization_id>/merge              in   in   in  403  422  422  422  404
GET    /agent                                                   in   in   in   go   go   go   go   go
GET    /agent/v/<view>                                          in   in   in  200  200  200  200  200
GET    /agent/v/<view>/t/<int:number>                           in   in   in  200  200  200  200  200
GET    /                                                        go   go   go   go   go   go   go   go
GET    /sign-in                                                200  200  200   go   go   go   go   go
POST   /sign-in                                                422  422  422  422  422  422  422  422
POST   /sign-out                                                in   in   in   in   in   in   in   in
GET    /setup                                                  404  404  404  404  404  404  404  404
POST   /setup                                                  404  404  404  404  404  404  404  404
GET    /reset                                                  200  200  200  200  200  200  200  200
POST   /reset                                                   go   go   go   go   go   go   go   go
GET    /reset/sent                                             200  200  200  200  200  200  200  200
GET    /reset/<token>                                          404  404  404  404  404  404  404  404
POST   /reset/<token>                                          404  404  404  404  404  404  404  404
GET    /profile                                                 in   in   in  200  200  200  200  200
POST   /profile                                                 in   in   in   go   go   go   go   go
POST   /profile/password                                        in   in   in  422  422  422  422  422
POST   /profile/devices/<uuid:session_id>/sign-out              in   in   in  404   go  404  404  404
GET    /profile/notifications                                   in   in   in  200  200  200  200  200
POST   /profile/notifications                                   in   in   in   go   go   go   go   go
POST   /profile/notifications/browsers/<uuid:subscription_id>/remove  in   in   in  404  404  404  404  404
POST   /profile/devices/sign-out                                in   in   in   go   go   go   go   go
POST   /api/v1/exports                                         401  401  401  403  403  202  202  202
GET    /api/v1/jobs/<job_id>                                   401  401  401  404  404  404  200  404
POST   /api/v1/jobs/<job_id>/cancel                            401  401  401  404  404  404  200  404
POST   /api/v1/jobs/<job_id>/replay                            401  401  401  403  403  403  409  404
GET    /settings/exports                                        in   in   in  403  403  200  200  200
POST   /settings/exports                                        in   in   in  403  403   go   go   go
GET    /exports/<claim>/<name>                                  in   in   in  403  403  404  404  404
GET    /settings/jobs                                           in   in   in  403  403  403  200  200
POST   /settings/jobs/<uuid:job_id>/replay                      in   in   in  403  403  403  409  404
POST   /settings/jobs/replay                                    in   in   in  403  403  403   go   go
POST   /settings/jobs/<uuid:job_id>/cancel                      in   in   in  403  403  403   go  404
GET    /settings/people                                         in   in   in  403  403  403  200  200
POST   /settings/people                                         in   in   in  403  403  403   go   go
POST   /settings/people/<uuid:user_id>/invite                   in   in   in  403  403  403  409  404
POST   /settings/people/<uuid:user_id>/role                     in   in   in  403  403  403   go  404
POST   /settings/people/<uuid:user_id>/deactivate               in   in   in  403  403  403   go  404
POST   /settings/people/<uuid:user_id>/activate                 in   in   in  403  403  403   go  404
GET    /settings/mail                                           in   in   in  403  403  403  200  200
POST   /settings/mail                                           in   in   in  403  403  403   go   go
POST   /settings/mail/test                                      in   in   in  403  403  403   go   go
GET    /settings/mail/deliveries                                in   in   in  403  403  403  200  200
POST   /settings/mail/deliveries/<uuid:delivery_id>/retry       in   in   in  403  403  403  409  404
POST   /settings/mail/suppressions                              in   in   in  403  403  403   go   go
POST   /settings/mail/suppressions/<uuid:suppression_id>/remove in   in   in  403  403  403   go  404
GET    /settings/mail/templates                                 in   in   in  403  403  403  200  200
GET    /settings/mail/templates/<name>/<language>               in   in   in  403  403  403  200  200
GET    /settings/mail/templates/<name>/<language>/preview       in   in   in  403  403  403  200  200
POST   /settings/mail/templates/<name>/<language>               in   in   in  403  403  403   go   go
POST   /settings/mail/templates/<name>/<language>/test          in   in   in  403  403  403   go   go
POST   /settings/mail/templates/<name>/<language>/reset         in   in   in  403  403  403   go   go
GET    /settings/routing                                        in   in   in  403  403  403  200  200
POST   /settings/routing                                        in   in   in  403  403  403   go   go
GET    /settings/teams                                          in   in   in  403  403  403  200  200
POST   /settings/teams                                          in   in   in  403  403  403   go   go
POST   /settings/teams/<uuid:team_id>                           in   in   in  403  403  403   go  404
POST   /settings/teams/<uuid:team_id>/delete                    in   in   in  403  403  403   go  404
GET    /settings/skills                                         in   in   in  403  403  403  200  200
POST   /settings/skills                                         in   in   in  403  403  403   go   go
POST   /settings/skills/<uuid:skill_id>/delete                  in   in   in  403  403  403  404  404
POST   /settings/skills/people/<uuid:user_id>                   in   in   in  403  403  403   go  404
GET    /settings/lifecycle                                      in   in   in  403  403  403  200  200
POST   /settings/lifecycle                                      in   in   in  403  403  403   go   go
GET    /settings/tags                                           in   in   in  403  403  200  200  200
POST   /settings/tags                                           in   in   in  403  403   go   go   go
POST   /settings/tags/<uuid:tag_id>                             in   in   in  403  403   go   go  404
POST   /settings/tags/<uuid:tag_id>/merge                       in   in   in  403  403   go   go  404
POST   /settings/tags/<uuid:tag_id>/delete                      in   in   in  403  403   go   go  404
GET    /settings/fields                                         in   in   in  403  403  403  200  200
POST   /settings/fields                                         in   in   in  403  403  403   go   go
POST   /settings/fields/<uuid:field_id>                         in   in   in  403  403  403   go  404
POST   /settings/fields/<uuid:field_id>/archive                 in   in   in  403  403  403   go  404
POST   /settings/fields/<uuid:field_id>/restore                 in   in   in  403  403  403   go  404
POST   /settings/fields/<uuid:field_id>/move                    in   in   in  403  403  403   go  404
GET    /settings/statuses                                       in   in   in  403  403  403  200  200
POST   /settings/statuses                                       in   in   in  403  403  403   go   go
POST   /settings/statuses/<code>/name                           in   in   in  403  403  403   go   go
POST   /settings/statuses/<uuid:status_id>                      in   in   in  403  403  403   go  404
POST   /settings/statuses/<uuid:status_id>/retire               in   in   in  403  403  403   go  404
POST   /settings/statuses/<uuid:status_id>/activate             in   in   in  403  403  403   go  404
GET    /settings/calendars                                      in   in   in  403  403  403  200  200
GET    /settings/calendars/new                                  in   in   in  403  403  403  200  200
POST   /settings/calendars/new                                  in   in   in  403  403  403   go   go
GET    /settings/calendars/<uuid:calendar_id>                   in   in   in  403  403  403  200  404
POST   /settings/calendars/<uuid:calendar_id>                   in   in   in  403  403  403   go  404
POST   /settings/calendars/<uuid:calendar_id>/delete            in   in   in  403  403  403   go  404
POST   /settings/calendars/<uuid:calendar_id>/holidays          in   in   in  403  403  403   go  404
POST /settings/calendars/<uuid:calendar_id>/holidays/<uuid:holiday_id>/delete in in in 403 403 403 go 404
POST   /settings/calendars/<uuid:calendar_id>/holidays/clear    in   in   in  403  403  403   go  404
POST   /settings/calendars/<uuid:calendar_id>/public            in   in   in  403  403  403   go  404
POST   /settings/calendars/<uuid:calendar_id>/ical              in   in   in  403  403  403   go  404
GET    /settings/policies                                       in   in   in  403  403  403  200  200
GET    /settings/policies/new                                   in   in   in  403  403  403  200  200
POST   /settings/policies/new                                   in   in   in  403  403  403   go   go
GET    /settings/policies/<uuid:policy_id>                      in   in   in  403  403  403  200  404
POST   /settings/policies/<uuid:policy_id>                      in   in   in  403  403  403   go  404
POST   /settings/policies/<uuid:policy_id>/delete               in   in   in  403  403  403   go  404
POST   /settings/policies/<uuid:policy_id>/move                 in   in   in  403  403  403   go  404
POST   /settings/policies/matches                               in   in   in  403  403  403  200  200
GET    /settings/policies/recalculate                           in   in   in  403  403  403  200  200
POST   /settings/policies/recalculate                           in   in   in  403  403  403   go   go
GET    /settings/policies/replays/<uuid:job_id>                 in   in   in  403  403  403  200  404
GET    /api/v1/sla/recalculation                                401  401  401  403  403  403  200  200
POST   /api/v1/sla/recalculation                                401  401  401  403  403  403  202  202
GET    /settings/inboxes                                        in   in   in  403  403  403  200  200
GET    /settings/inboxes/new                                    in   in   in  403  403  403  200  200
POST   /settings/inboxes/new                                    in   in   in  403  403  403   go   go
GET    /settings/inboxes/<uuid:inbox_id>                        in   in   in  403  403  403  200  404
POST   /settings/inboxes/<uuid:inbox_id>                        in   in   in  403  403  403   go  404
POST   /settings/inboxes/<uuid:inbox_id>/key                    in   in   in  403  403  403   go  404
GET    /settings/inboxes/<uuid:inbox_id>/secret                 in   in   in  403  403  403  200  404
POST   /settings/inboxes/<uuid:inbox_id>/secret                 in   in   in  403  403  403   go  404
"""

SOCKET = """
#                                none      cust      othr      view      agnt      senr      admn      frgn
/agent ticket.open                 no        no        no        ok        ok        ok        ok not_found
/agent ticket.leave                no        no        no        ok        ok        ok        ok        ok
/agent comment.create              no        no        no forbidden        ok        ok        ok not_found
/agent ticket.read                 no        no        no        ok        ok        ok        ok not_found
/agent typing.update               no        no        no forbidden        ok        ok        ok not_found
/agent presence.update             no        no        no        ok        ok        ok        ok not_found
/agent availability.set            no        no        no forbidden        ok        ok        ok        ok
/chat  chat.resume                 no        ok        ok        no        no        no        no        no
/chat  comment.create              no        ok not_found        no        no        no        no        no
/chat  ticket.read                 no        ok not_found        no        no        no        no        no
/chat  typing.update               no        ok not_found        no        no        no        no        no
/chat  ticket.end                  no        ok not_found        no        no        no        no        no
/chat  page.update                 no        ok        ok        no        no        no        no        no
"""

PLACES = {
    "customers/<id>": "customers/{customer}",
    "blocks/<id>": "blocks/{block}",
    "tags/<id>": "tags/{tag}",
    "fields/<id>": "fields/{field}",
    "statuses/<id>": "statuses/{status}",
    "<ticket_id>/restore": "{trashed}/restore",
    "<link_id>": "{link}",
    "<uuid:tag_id>": "{tag}",
    "<uuid:field_id>": "{field}",
    "<uuid:status_id>": "{status}",
    "<code>": "pending",
    "<user_id>": "me",
    "<uuid:delivery_id>": "{delivery}",
    "<uuid:suppression_id>": "{suppression}",
    "templates/<name>/<language>": "templates/reply/en",
    "deliveries/<id>": "deliveries/{delivery}",
    "<comment_id>": "{comment}",
    "<ticket_id>": "{ticket}",
    "<offer_id>": "{user}",
    "<int:number>": "{number}",
    "<uuid:user_id>": "{user}",
    "<uuid:customer_id>": "{customer}",
    "<uuid:organization_id>": "{organization}",
    "<uuid:team_id>": "{team}",
    "<uuid:skill_id>": "{user}",
    "<uuid:inbox_id>": "{inbox}",
    "<uuid:session_id>": "{session}",
    "<uuid:subscription_id>": "00000000-0000-7000-8000-000000000000",
    "<subscription_id>": "00000000-0000-7000-8000-000000000000",
    "<uuid:calendar_id>": "{calendar}",
    "<uuid:holiday_id>": "{holiday}",
    "<uuid:policy_id>": "{policy}",
    "replays/<uuid:job_id>": "replays/{replay}",
    "<uuid:job_id>": "{job}",
    "<job_id>": "{job}",
    "/exports/<claim>/<name>": "/exports/no-such-claim/tickets.csv",
    "<kind>": "reply",
    "<view>": "all",
    "/form/<key>": "/form/{form_key}",
    "<key>": "{inbox_key}",
    "<token>": "no-such-token",
    "/files/<claim>/<path:name>": "{file}",
    "<path:filename>": "favicon.svg",
}

Options = dict[str, Any]


def signed(ids: dict[str, str]) -> Options:
    signature = hmac.new(b"s" * 43, b"user-1", hashlib.sha256).hexdigest()
    return {"json": {"inbox_key": ids["inbox_key"], "identifier": "user-1", "hash": signature}}


INBOX = {"name": "Shop", "is_active": "1", "always_open": "1", "version": "1"}
PUSH = {
    "endpoint": "https://push.example.com/one",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}
CALENDAR = {"name": "Office", "timezone": "UTC", "week.mon.0.opens": "09:00", "week.mon.0.closes": "17:00"}
POLICY = {"name": "Gold", "is_active": "1", "targets.first_response.high.basic": "4h"}
ICS = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261224\r\n"
    b"RRULE:FREQ=YEARLY\r\nSUMMARY:Eve\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
BODIES: dict[str, Callable[[dict[str, str]], Options]] = {
    "POST /api/v1/notifications/read": lambda ids: {"json": {"ticket_id": ids["ticket"]}},
    "POST /api/v1/notifications/subscriptions": lambda _: {"json": PUSH},
    "PATCH /api/v1/me": lambda _: {"json": {"name": "Somebody"}},
    "POST /api/v1/tickets": lambda ids: {"json": {"title": "Call", "customer_id": ids["customer"]}},
    "PATCH /api/v1/customers/<id>": lambda _: {"json": {"company": "Silva Lda"}},
    "PATCH /api/v1/tickets/<ticket_id>": lambda _: {"json": {"priority": "high"}},
    "POST /api/v1/tickets/<ticket_id>/comments": lambda _: {
        "json": {"client_id": client_id(), "content": "Hi"}
    },
    "PUT /api/v1/tickets/<ticket_id>/skills": lambda _: {"json": {"skill_ids": []}},
    "POST /api/v1/tickets/<ticket_id>/offers": lambda ids: {"json": {"agent_id": ids["user"]}},
    "POST /api/v1/tickets/<ticket_id>/assign": lambda ids: {
        "json": {"agent_id": ids["user"], "team_id": ids["team"]}
    },
    "POST /api/v1/tickets/<ticket_id>/spam": lambda _: {"json": {"spam": True, "block": True}},
    "POST /api/v1/tickets/<ticket_id>/snooze": lambda _: {"json": {"until": None}},
    "POST /api/v1/tickets/<ticket_id>/merge": lambda ids: {"json": {"into": ids["ticket"]}},
    "POST /api/v1/tickets/<ticket_id>/split": lambda ids: {
        "json": {"title": "Another", "comment_ids": [ids["customer"]]}
    },
    "POST /api/v1/tickets/<ticket_id>/read": lambda _: {"json": {"seq": 1}},
    "PUT /api/v1/tickets/<ticket_id>/drafts/<kind>": lambda _: {"json": {"content": "Dear"}},
    "POST /api/v1/tickets/<ticket_id>/attachments": lambda _: file_body(),
    "POST /api/v1/tickets/<ticket_id>/links": lambda ids: {
        "json": {"ticket": ids["other_ticket"], "kind": "parent"}
    },
    "POST /api/v1/tags": lambda _: {"json": {"name": "New"}},
    "PATCH /api/v1/tags/<id>": lambda _: {"json": {"colour": "red"}},
    "POST /api/v1/tags/<id>/merge": lambda ids: {"json": {"into_id": ids["other_tag"]}},
    "POST /api/v1/fields": lambda _: {"json": {"label": "Order", "kind": "text"}},
    "PATCH /api/v1/fields/<id>": lambda _: {"json": {"label": "Order"}},
    "POST /api/v1/statuses": lambda _: {"json": {"code": "open", "label": "New"}},
    "PATCH /api/v1/statuses/<id>": lambda _: {"json": {"label": "Waiting"}},
    "POST /api/v1/blocks": lambda ids: {"json": {"customer_id": ids["customer"], "days": 1}},
    "POST /api/v1/chat/visitors": lambda ids: {"json": {"inbox_key": ids["inbox_key"]}},
    "POST /api/v1/chat/identify": signed,
    "POST /api/v1/chat/comments": lambda ids: {
        "json": {"client_id": client_id(), "content": "Hello", "ticket_id": ids["ticket"]}
    },
    "POST /api/v1/chat/read": lambda ids: {"json": {"ticket_id": ids["ticket"], "seen": 1}},
    "POST /api/v1/chat/typing": lambda ids: {"json": {"ticket_id": ids["ticket"], "typing": True}},
    "POST /api/v1/chat/transcript": lambda ids: {"json": {"ticket_id": ids["ticket"]}},
    "POST /api/v1/chat/continue": lambda ids: {"json": {"token": ids["continue"]}},
    "POST /api/v1/chat/end": lambda ids: {"json": {"ticket_id": ids["ticket"]}},
    "POST /api/v1/chat/attachments": lambda _: file_body(),
    "GET /api/v1/chat/events": lambda ids: {"query_string": {"ticket": ids["ticket"], "after": "0"}},
    "POST /sign-in": lambda _: {"data": {"email": "x@example.com", "password": "wrong"}},
    "POST /reset": lambda _: {"data": {"email": "x@example.com"}},
    "POST /profile": lambda _: {"data": {"name": "Somebody", "availability": "away"}},
    "POST /profile/password": lambda _: {"data": {"current": "wrong", "password": "a longer password"}},
    "POST /api/v1/exports": lambda _: {"json": {"format": "csv"}},
    "POST /settings/exports": lambda _: {"data": {"format": "csv"}},
    "POST /settings/jobs/replay": lambda _: {"data": {"type": "email.send"}},
    "POST /settings/mail": lambda _: {"data": {"language": "en"}},
    "POST /settings/mail/test": lambda _: {"data": {"address": "x@example.com"}},
    "POST /settings/mail/suppressions": lambda _: {"data": {"address": "x@example.com"}},
    "POST /settings/mail/templates/<name>/<language>": lambda _: {"data": {"subject": "Hi", "text": "Hi"}},
    "POST /settings/people": lambda _: {"data": {"name": "New", "email": "new@example.com", "role": "agent"}},
    "POST /settings/people/<uuid:user_id>/role": lambda _: {"data": {"role": "viewer"}},
    "POST /form/<key>": lambda _: {"data": {"email": "x@example.com", "subject": "Hi", "message": "Hello"}},
    "POST /organizations/new": lambda _: {"data": {"name": "Fresh"}},
    "POST /organizations/<uuid:organization_id>": lambda _: {"data": {"name": "Renamed"}},
    "POST /settings/routing": lambda _: {"data": {"capacity": "20"}},
    "POST /settings/teams": lambda _: {"data": {"name": "Second line"}},
    "POST /settings/teams/<uuid:team_id>": lambda _: {"data": {"name": "First line"}},
    "POST /settings/skills": lambda _: {"data": {"name": "German"}},
    "POST /settings/lifecycle": lambda _: {"data": {"reopen_days": "3", "close_after_days": "7"}},
    "POST /settings/tags": lambda _: {"data": {"name": "New"}},
    "POST /settings/tags/<uuid:tag_id>": lambda _: {"data": {"name": "New", "colour": "red"}},
    "POST /settings/tags/<uuid:tag_id>/merge": lambda ids: {"data": {"into_id": ids["other_tag"]}},
    "POST /settings/fields": lambda _: {"data": {"label": "Order", "kind": "text"}},
    "POST /settings/fields/<uuid:field_id>": lambda _: {"data": {"label": "Order"}},
    "POST /settings/statuses": lambda _: {"data": {"code": "open", "label": "New", "pending_on": ""}},
    "POST /settings/statuses/<code>/name": lambda _: {"data": {"label": "On hold"}},
    "POST /settings/statuses/<uuid:status_id>": lambda _: {"data": {"label": "Waiting"}},
    "POST /settings/calendars/new": lambda _: {"data": CALENDAR},
    "POST /settings/calendars/<uuid:calendar_id>": lambda _: {"data": {**CALENDAR, "version": "2"}},
    "POST /settings/calendars/<uuid:calendar_id>/holidays": lambda _: {
        "data": {"holiday.name": "Feast", "holiday.first_day": "2030-06-01"}
    },
    "POST /settings/calendars/<uuid:calendar_id>/holidays/clear": lambda _: {"data": {"source": "ical"}},
    "POST /settings/calendars/<uuid:calendar_id>/public": lambda _: {
        "data": {"country": "DE", "subdivision": "BY", "first_year": "2026", "years": "1"}
    },
    "POST /settings/calendars/<uuid:calendar_id>/ical": lambda _: {
        "data": {"file": (io.BytesIO(ICS), "days.ics")}
    },
    "POST /settings/policies/new": lambda _: {"data": POLICY},
    "POST /settings/policies/<uuid:policy_id>": lambda _: {"data": {**POLICY, "version": "1"}},
    "POST /settings/policies/<uuid:policy_id>/move": lambda _: {"data": {"to": "up"}},
    "POST /settings/policies/matches": lambda _: {"data": POLICY},
    "POST /settings/inboxes/new": lambda _: {"data": INBOX},
    "POST /settings/inboxes/<uuid:inbox_id>": lambda _: {"data": INBOX},
}
PAYLOADS: dict[str, Callable[[dict[str, str]], Any]] = {
    "/agent comment.create": lambda ids: {
        "ticket_id": ids["ticket"],
        "client_id": client_id(),
        "content": "Hi",
    },
    "/agent ticket.read": lambda ids: {"ticket_id": ids["ticket"], "seq": 1},
    "/agent typing.update": lambda ids: {"ticket_id": ids["ticket"], "kind": "note", "typing": True},
    "/agent presence.update": lambda ids: {"ticket_id": ids["ticket"], "state": "viewing"},
    "/agent availability.set": lambda _: {"availability": "away"},
    "/chat chat.resume": lambda _: {},
    "/chat comment.create": lambda ids: {
        "ticket_id": ids["ticket"],
        "client_id": client_id(),
        "content": "Hello",
    },
    "/chat ticket.read": lambda ids: {"ticket_id": ids["ticket"], "seen": 1},
    "/chat typing.update": lambda ids: {"ticket_id": ids["ticket"], "typing": True},
    "/chat page.update": lambda _: {"url": "https://shop.example/", "title": "Shop"},
}


def rows(table: str) -> dict[str, dict[str, str]]:
    """`{"GET /path": {who: outcome}}`."""
    found = {}
    for line in table.strip().splitlines()[1:]:
        method, place, *outcomes = line.split()
        assert len(outcomes) == len(WHO), line
        found[f"{method} {place}"] = dict(zip(WHO, outcomes, strict=True))
    return found


def ids_of(world: World) -> dict[str, str]:
    with world.app.test_request_context():
        file = file_url(world.workspace.id, uuid.UUID(world.files["reply"]["id"]), "reply.png", "customer")
        query = sa.select(UserSession.id).where(UserSession.user_id == world.staff["agent"].id)
        session_id = db.session.scalar(query)
        resume = continue_token(
            world.workspace.id, uuid.UUID(world.ids["ticket"]), uuid.UUID(world.ids["customer"])
        )
    return {
        **world.ids,
        "continue": resume,
        "inbox_key": world.inbox.key,
        "form_key": world.form.key,
        "file": file,
        "session": str(session_id),
    }


def path_of(route: str, ids: dict[str, str]) -> tuple[str, str]:
    method, path = route.split(" ")
    for placeholder, filled in PLACES.items():
        path = path.replace(placeholder, filled)
    return method, path.format(**ids)


def options_of(route: str, ids: dict[str, str]) -> Options:
    """What a request to that route sends: a body that is right."""
    if route in BODIES:
        return BODIES[route](ids)
    return {"json": {}} if "/api/" in route else {}


def ask(person: Person, route: str, ids: dict[str, str]) -> Any:
    """The route's request, as that person."""
    method, path = path_of(route, ids)
    return person.ask(method, path, **options_of(route, ids))


def outcome(answer: Any) -> str:
    if answer.status_code in (301, 302, 303, 307, 308):
        return "in" if answer.location.startswith("/sign-in") else "go"
    return str(answer.status_code)


def say(person: Person, command: str, ids: dict[str, str]) -> dict[str, Any]:
    namespace, name = command.split(" ")
    socket = person.connect(namespace)
    if not socket.is_connected:
        return {"outcome": "no"}
    answer = socket.say(name, PAYLOADS.get(command, lambda ids: {"ticket_id": ids["ticket"]})(ids))
    socket.client.disconnect(namespace)
    return {"outcome": "ok" if answer["ok"] else answer["error"]["code"], "answer": answer}
