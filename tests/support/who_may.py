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
GET    /api/v1/settings/workspace                                    401  401  401  403  403  403  200  200
PATCH  /api/v1/settings/workspace                                    401  401  401  403  403  403  200  200
GET    /api/v1/settings/routing                                      401  401  401  403  403  403  200  200
PATCH  /api/v1/settings/routing                                      401  401  401  403  403  403  200  200
GET    /api/v1/settings/lifecycle                                    401  401  401  403  403  403  200  200
PATCH  /api/v1/settings/lifecycle                                    401  401  401  403  403  403  200  200
GET    /api/v1/settings/availability                                 401  401  401  403  403  403  200  200
PATCH  /api/v1/settings/availability                                 401  401  401  403  403  403  200  200
GET    /api/v1/settings/mail                                         401  401  401  403  403  403  200  200
PATCH  /api/v1/settings/mail                                         401  401  401  403  403  403  200  200
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
GET    /api/v1/tickets/<ticket_id>/comments                    401  401  401  200  200  200  200  404
GET    /api/v1/tickets/<ticket_id>/comments/<comment_id>       401  401  401  200  200  200  200  404
GET    /api/v1/tickets/<ticket_id>/attachments                 401  401  401  200  200  200  200  404
GET    /api/v1/attachments/<id>                                401  401  401  200  200  200  200  404
GET    /api/v1/attachments/<id>/file                           401  401  401   go   go   go   go  404
GET    /api/v1/settings/second-factor                          401  401  401  403  403  403  200  200
PATCH  /api/v1/settings/second-factor                          401  401  401  403  403  403  200  200
GET    /api/v1/settings/oidc                                   401  401  401  403  403  403  200  200
PATCH  /api/v1/settings/oidc                                   401  401  401  403  403  403  200  200
GET    /api/v1/settings/mail-providers                         401  401  401  403  403  403  200  200
PATCH  /api/v1/settings/mail-providers                         401  401  401  403  403  403  200  200
GET    /api/v1/mail/templates                                  401  401  401  403  403  403  200  200
GET    /api/v1/mail/templates/<name>/<language>                401  401  401  403  403  403  200  200
PUT    /api/v1/mail/templates/<name>/<language>                401  401  401  403  403  403  200  200
DELETE /api/v1/mail/templates/<name>/<language>                401  401  401  403  403  403  204  204
GET    /api/v1/suppressions                                    401  401  401  403  403  403  200  200
POST   /api/v1/suppressions                                    401  401  401  403  403  403  201  201
DELETE /api/v1/suppressions/<id>                               401  401  401  403  403  403  204  404
GET    /api/v1/wallboards                                      401  401  401  403  403  403  200  200
POST   /api/v1/wallboards                                      401  401  401  403  403  403  201  201
DELETE /api/v1/wallboards/<id>                                 401  401  401  403  403  403  204  404
GET    /api/v1/connections                                     401  401  401  403  403  403  200  200
GET    /api/v1/connections/<kind>                              401  401  401  403  403  403  200  200
PUT    /api/v1/connections/<kind>                              401  401  401  403  403  403  422  422
DELETE /api/v1/connections/<kind>                              401  401  401  403  403  403  204  204
POST   /api/v1/connections/<kind>/test                         401  401  401  403  403  403  202  202
GET    /api/v1/connections/<kind>/log                          401  401  401  403  403  403  200  200
GET    /api/v1/connections/<kind>/fields                       401  401  401  403  403  403  200  200
PUT    /api/v1/connections/<kind>/fields                       401  401  401  403  403  403  200  200
POST   /api/v1/connections/<kind>/retry                        401  401  401  403  403  403  200  200
POST   /api/v1/connections/<kind>/everybody                    401  401  401  403  403  403  200  200
GET    /api/v1/inboxes/<id>/mail                               401  401  401  403  403  403  200  404
PATCH  /api/v1/inboxes/<id>/mail                               401  401  401  403  403  403  200  404
POST   /api/v1/inboxes/<id>/mail/test                          401  401  401  403  403  403  409  404
GET    /api/v1/mails                                           401  401  401  403  200  200  200  200
PUT    /api/v1/mails/<id>/decision                             401  401  401  403  200  200  200  404
GET    /api/v1/blocked-senders                                 401  401  401  403  200  200  200  200
POST   /api/v1/blocked-senders                                 401  401  401  403  201  201  201  201
DELETE /api/v1/blocked-senders/<id>                            401  401  401  403  204  204  204  404
GET    /api/v1/reports/saved/<id>/plan                         401  401  401  200  200  200  200  404
PUT    /api/v1/reports/saved/<id>/plan                         401  401  401  403  403  403  200  404
DELETE /api/v1/reports/saved/<id>/plan                         401  401  401  403  403  403  204  404
GET    /api/v1/mails/<id>                                      401  401  401  403  200  200  200  404
POST   /api/v1/customers                                       401  401  401  403  201  201  201  201
POST   /api/v1/customers/<id>/merge                            401  401  401  403  422  422  422  422
GET    /api/v1/blocks                                          401  401  401  200  200  200  200  200
GET    /api/v1/organizations                                   401  401  401  200  200  200  200  200
POST   /api/v1/organizations                                   401  401  401  403  201  201  201  201
GET    /api/v1/organizations/<id>                              401  401  401  200  200  200  200  404
PATCH  /api/v1/organizations/<id>                              401  401  401  403  200  200  200  404
POST   /api/v1/organizations/<id>/merge                        401  401  401  403  422  422  422  422
GET    /api/v1/users                                           401  401  401  200  200  200  200  200
GET    /api/v1/users/<id>                                      401  401  401  200  200  200  200  404
GET    /api/v1/admin/users                                     401  401  401  403  403  403  200  200
POST   /api/v1/admin/users                                     401  401  401  403  403  403  201  201
GET    /api/v1/admin/users/<id>                                401  401  401  403  403  403  200  404
PATCH  /api/v1/admin/users/<id>                                401  401  401  403  403  403  200  404
POST   /api/v1/admin/users/<id>/invite                         401  401  401  403  403  403  409  404
POST   /api/v1/admin/users/<id>/deactivate                     401  401  401  403  403  403  200  404
POST   /api/v1/admin/users/<id>/activate                       401  401  401  403  403  403  200  404
GET    /api/v1/teams                                           401  401  401  200  200  200  200  200
POST   /api/v1/teams                                           401  401  401  403  403  403  201  422
GET    /api/v1/teams/<id>                                      401  401  401  200  200  200  200  404
PATCH  /api/v1/teams/<id>                                      401  401  401  403  403  403  200  404
DELETE /api/v1/teams/<id>                                      401  401  401  403  403  403  204  404
GET    /api/v1/skills                                          401  401  401  200  200  200  200  200
POST   /api/v1/skills                                          401  401  401  403  403  403  201  201
GET    /api/v1/skills/<id>                                     401  401  401  200  200  200  200  404
PATCH  /api/v1/skills/<id>                                     401  401  401  403  403  403  200  404
DELETE /api/v1/skills/<id>                                     401  401  401  403  403  403  204  404
GET    /api/v1/roles                                           401  401  401  403  403  403  200  200
POST   /api/v1/roles                                           401  401  401  403  403  403  201  201
GET    /api/v1/roles/<id>                                      401  401  401  403  403  403  200  404
PATCH  /api/v1/roles/<id>                                      401  401  401  403  403  403  200  404
DELETE /api/v1/roles/<id>                                      401  401  401  403  403  403  204  404
GET    /api/v1/inboxes                                         401  401  401  403  403  403  200  200
POST   /api/v1/inboxes                                         401  401  401  403  403  403  201  201
GET    /api/v1/inboxes/<id>                                    401  401  401  403  403  403  200  404
PATCH  /api/v1/inboxes/<id>                                    401  401  401  403  403  403  200  404
POST   /api/v1/inboxes/<id>/key                                401  401  401  403  403  403  200  404
GET    /api/v1/calendars                                       401  401  401  403  403  403  200  200
POST   /api/v1/calendars                                       401  401  401  403  403  403  201  201
GET    /api/v1/calendars/<id>                                  401  401  401  403  403  403  200  404
PATCH  /api/v1/calendars/<id>                                  401  401  401  403  403  403  200  404
DELETE /api/v1/calendars/<id>                                  401  401  401  403  403  403  204  404
GET    /api/v1/calendars/<id>/holidays                         401  401  401  403  403  403  200  404
POST   /api/v1/calendars/<id>/holidays                         401  401  401  403  403  403  201  404
DELETE /api/v1/calendars/<id>/holidays/<holiday_id>            401  401  401  403  403  403  204  404
GET    /api/v1/policies                                        401  401  401  403  403  403  200  200
POST   /api/v1/policies                                        401  401  401  403  403  403  201  201
PUT    /api/v1/policies/order                                  401  401  401  403  403  403  200  422
GET    /api/v1/policies/<id>                                   401  401  401  403  403  403  200  404
PATCH  /api/v1/policies/<id>                                   401  401  401  403  403  403  200  404
DELETE /api/v1/policies/<id>                                   401  401  401  403  403  403  204  404
GET    /api/v1/reports/saved                                   401  401  401  200  200  200  200  200
POST   /api/v1/reports/saved                                   401  401  401  201  201  201  201  201
GET    /api/v1/reports/saved/<id>                              401  401  401  200  200  200  200  404
PATCH  /api/v1/reports/saved/<id>                              401  401  401  403  403  403  200  404
DELETE /api/v1/reports/saved/<id>                              401  401  401  403  403  403  204  404
GET    /api/v1/exports                                         401  401  401  403  403  200  200  200
GET    /api/v1/exports/<job_id>                                401  401  401  403  403  404  200  404
GET    /api/v1/exports/<job_id>/file                           401  401  401  403  403  404  404  404
GET    /api/v1/jobs                                            401  401  401  200  200  200  200  200
GET    /api/v1/routing/decisions                               401  401  401  200  200  200  200  200
GET    /api/v1/clocks                                          401  401  401  200  200  200  200  200
GET    /api/v1/tags/<id>                                       401  401  401  200  200  200  200  404
GET    /api/v1/fields/<id>                                     401  401  401  200  200  200  200  404
GET    /api/v1/statuses/<id>                                   401  401  401  200  200  200  200  404
GET    /api/v1/search                                          401  401  401  200  200  200  200  200
GET    /api/v1/reports/metrics                                 401  401  401  200  200  200  200  200
GET    /api/v1/reports/figures                                 401  401  401  200  200  200  200  200
GET    /api/v1/reports/figures.csv                             401  401  401  200  200  200  200  200
GET    /api/v1/reports/breakdown                               401  401  401  200  200  200  200  200
GET    /api/v1/reports/heatmap                                 401  401  401  200  200  200  200  200
GET    /api/v1/reports/histogram                               401  401  401  200  200  200  200  200
GET    /api/v1/reports/rows                                    401  401  401  200  200  200  200  200
GET    /api/v1/reports/rows.csv                                401  401  401  403  403  200  200  200
POST   /api/v1/reports/exports                                 401  401  401  403  403  202  202  202
GET    /api/v1/openapi.json                                    200  200  200  200  200  200  200  200
GET    /api/docs                                               200  200  200  200  200  200  200  200
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
POST   /hooks/mail/sendgrid/<key>                               404  404  404  404  404  404  404  404
POST   /hooks/mail/sendgrid/<key>/events                        404  404  404  404  404  404  404  404
POST   /hooks/mail/ses/<key>                                    404  404  404  404  404  404  404  404
GET    /w/<key>.js                                             200  200  200  200  200  200  200  200
GET    /files/<claim>/<path:name>                              200  200  200  200  200  200  200  200
GET    /healthz                                                200  200  200  200  200  200  200  200
GET    /readyz                                                 200  200  200  200  200  200  200  200
GET    /metrics                                                200  200  200  200  200  200  200  200
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
GET    /sign-in/oidc                                           404  404  404  404  404  404  404  404
GET    /sign-in/oidc/callback                                  422  422  422  422  422  422  422  422
GET    /sign-in/code                                            in   in   in   in   in   in   in   in
POST   /sign-in/code                                            in   in   in   in   in   in   in   in
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
GET    /profile/second-factor                                   in   in   in  200  200  200  200  200
POST   /profile/second-factor                                   in   in   in  409  409  409  409  409
POST   /profile/second-factor/codes                             in   in   in  404  404  404  404  404
GET    /profile/second-factor/disable                           in   in   in  404  404  404  404  404
POST   /profile/second-factor/disable                           in   in   in  404  404  404  404  404
GET    /profile/notifications                                   in   in   in  200  200  200  200  200
POST   /profile/notifications                                   in   in   in   go   go   go   go   go
POST   /profile/notifications/browsers/<uuid:subscription_id>/remove  in   in   in  404  404  404  404  404
POST   /profile/devices/sign-out                                in   in   in   go   go   go   go   go
POST   /api/v1/exports                                         401  401  401  403  403  202  202  202
GET    /api/v1/jobs/<job_id>                                   401  401  401  404  404  404  200  404
POST   /api/v1/jobs/<job_id>/cancel                            401  401  401  404  404  404  200  404
POST   /api/v1/jobs/<job_id>/replay                            401  401  401  403  403  403  409  404
GET    /api/v1/webhooks                                        401  401  401  403  403  403  200  200
POST   /api/v1/webhooks                                        401  401  401  403  403  403  201  201
GET    /api/v1/webhooks/<webhook_id>                           401  401  401  403  403  403  200  404
PATCH  /api/v1/webhooks/<webhook_id>                           401  401  401  403  403  403  200  404
DELETE /api/v1/webhooks/<webhook_id>                           401  401  401  403  403  403  204  404
POST   /api/v1/webhooks/<webhook_id>/secret                    401  401  401  403  403  403  200  404
POST   /api/v1/webhooks/<webhook_id>/test                      401  401  401  403  403  403  202  404
POST   /api/v1/webhooks/<webhook_id>/replay                    401  401  401  403  403  403  202  404
GET    /api/v1/webhooks/<webhook_id>/deliveries                401  401  401  403  403  403  200  404
GET    /api/v1/webhooks/<webhook_id>/deliveries/<message_id>   401  401  401  403  403  403  200  404
POST   /api/v1/webhooks/<webhook_id>/deliveries/<message_id>/replay 401 401 401 403 403 403 202  404
GET    /api/v1/imports                                         401  401  401  403  403  403  200  200
POST   /api/v1/imports                                         401  401  401  403  403  403  201  201
GET    /api/v1/imports/<import_id>                             401  401  401  403  403  403  200  404
PATCH  /api/v1/imports/<import_id>                             401  401  401  403  403  403  200  404
POST   /api/v1/imports/<import_id>/work                        401  401  401  403  403  403  202  404
GET    /api/v1/imports/<import_id>/problems                    401  401  401  403  403  403  200  404
GET    /settings/connections                                  in   in   in  403  403  403  200  200
GET    /settings/connections/callback                         in   in   in  403  403  403  422  422
GET    /settings/connections/<kind>                           in   in   in  403  403  403  200  200
POST   /settings/connections/<kind>                           in   in   in  403  403  403  422  422
POST   /settings/connections/<kind>/test                      in   in   in  403  403  403   go   go
POST   /settings/connections/<kind>/disconnect                in   in   in  403  403  403  200  200
GET    /settings/connections/<kind>/fields                    in   in   in  403  403  403  200  200
POST   /settings/connections/<kind>/fields                    in   in   in  403  403  403   go   go
POST   /settings/connections/<kind>/retry                     in   in   in  403  403  403   go   go
POST   /settings/connections/<kind>/everybody                 in   in   in  403  403  403   go   go
POST   /settings/connections/<kind>/customers/<uuid:customer_id>/retry   in   in   in  403  403  403   go  404
POST   /hooks/crm/hubspot/<key>                              404  404  404  404  404  404  404  404
POST   /hooks/crm/salesforce/<key>                           404  404  404  404  404  404  404  404
GET    /api/v1/customers/<email>/tier                        401  401  401  200  200  200  200  404
GET    /api/v1/customers/<id>/accounts                       401  401  401  200  200  200  200  404
GET    /settings/import                                         in   in   in  403  403  403  200  200
POST   /settings/import                                         in   in   in  403  403  403   go   go
GET    /settings/import/<uuid:import_id>                        in   in   in  403  403  403  200  404
POST   /settings/import/<uuid:import_id>/mapping                in   in   in  403  403  403   go  404
POST   /settings/import/<uuid:import_id>/run                    in   in   in  403  403  403  409  404
POST   /settings/import/<uuid:import_id>/stop                   in   in   in  403  403  403  409  404
POST   /settings/import/<uuid:import_id>/undo                   in   in   in  403  403  403  200  404
GET    /settings/import/<uuid:import_id>/problems.csv           in   in   in  403  403  403  200  404
GET    /settings/exports                                        in   in   in  403  403  200  200  200
POST   /settings/exports                                        in   in   in  403  403   go   go   go
GET    /exports/<claim>/<name>                                  in   in   in  403  403  404  404  404
GET    /api/v1/audit                                            401  401  401  403  403  403  200  200
GET    /settings/audit                                          in   in   in  403  403  403  200  200
GET    /settings/audit/export.<extension>                       in   in   in  403  403  403  200  200
POST   /settings/audit/verify                                   in   in   in  403  403  403   go   go
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
GET    /settings/people/<uuid:user_id>/safety                   in   in   in  403  403  403  200  404
POST /settings/people/<uuid:user_id>/safety/devices/<uuid:session_id>/sign-out in in in 403 403 403 404 404
POST   /settings/people/<uuid:user_id>/safety/devices/sign-out  in   in   in  403  403  403   go  404
POST   /settings/people/<uuid:user_id>/safety/second-factor/reset in in   in  403  403  403  409  404
POST   /settings/people/<uuid:user_id>/safety/provider/unlink   in   in   in  403  403  403  404  404
GET    /settings/safety                                         in   in   in  403  403  403  200  200
POST   /settings/safety                                         in   in   in  403  403  403   go   go
POST   /settings/safety/oidc                                    in   in   in  403  403  403   go   go
GET    /settings/mail                                           in   in   in  403  403  403  200  200
POST   /settings/mail                                           in   in   in  403  403  403   go   go
POST   /settings/mail/test                                      in   in   in  403  403  403   go   go
GET    /admin/reports/saved                                     in   in   in  200  200  200  200  200
POST   /admin/reports/saved                                     in   in   in   go   go   go   go   go
GET    /admin/reports/saved/<uuid:report_id>                    in   in   in   go   go   go   go  404
POST   /admin/reports/saved/<uuid:report_id>                    in   in   in  403  403  403   go  404
POST   /admin/reports/saved/<uuid:report_id>/shown              in   in   in  403  403  403   go  404
GET    /admin/reports/saved/<uuid:report_id>/edit               in   in   in  200  200  200  200  404
POST   /admin/reports/saved/<uuid:report_id>/plan               in   in   in  403  403  403   go  404
POST   /admin/reports/saved/<uuid:report_id>/plan/remove        in   in   in  403  403  403   go  404
POST   /admin/reports/saved/<uuid:report_id>/delete             in   in   in  403  403  403   go  404
POST   /admin/reports/saved/<uuid:report_id>/landing            in   in   in   go   go   go   go  404
GET    /reports/unsubscribe/<token>                            404  404  404  404  404  404  404  404
POST   /reports/unsubscribe/<token>                            404  404  404  404  404  404  404  404
GET    /admin/reports/health                                    in   in   in  200  200  200  200  200
GET    /admin/reports                                           in   in   in   go   go   go   go   go
GET    /admin/reports/sla                                       in   in   in  200  200  200  200  200
GET    /admin/reports/volume                                    in   in   in  200  200  200  200  200
GET    /admin/reports/speed                                     in   in   in  200  200  200  200  200
GET    /admin/reports/team                                      in   in   in  200  200  200  200  200
GET    /admin/reports/tickets                                   in   in   in  200  200  200  200  200
POST   /admin/reports/tickets                                   in   in   in  403  403   go   go   go
GET    /settings/mail/providers                                 in   in   in  403  403  403  200  200
POST   /settings/mail/providers                                 in   in   in  403  403  403   go   go
GET    /settings/mail/deliveries                                in   in   in  403  403  403  200  200
POST   /settings/mail/deliveries/<uuid:delivery_id>/retry       in   in   in  403  403  403  409  404
POST   /settings/mail/suppressions                              in   in   in  403  403  403   go   go
POST   /settings/mail/suppressions/<uuid:suppression_id>/remove in   in   in  403  403  403   go  404
GET    /settings                                                in   in   in  403   go   go   go   go
GET    /admin                                                   in   in   in   go   go   go   go   go
GET    /settings/held-mail                                      in   in   in  403  200  200  200  200
GET    /mail/<uuid:mail_id>                                     in   in   in  403  200  200  200  404
GET    /mail/<uuid:mail_id>/original                            in   in   in  403  200  200  200  404
POST   /settings/held-mail/<uuid:mail_id>/accept                in   in   in  403   go   go   go  404
POST   /settings/held-mail/<uuid:mail_id>/discard               in   in   in  403   go   go   go  404
POST   /settings/held-mail/several                              in   in   in  403   go   go   go   go
POST   /settings/held-mail/senders                              in   in   in  403   go   go   go   go
POST   /settings/held-mail/senders/<uuid:blocked_id>/remove     in   in   in  403   go   go   go  404
GET    /settings/inboxes/<uuid:inbox_id>/mail                   in   in   in  403  403  403  200  404
POST   /settings/inboxes/<uuid:inbox_id>/mail                   in   in   in  403  403  403   go  404
GET    /settings/mail/templates                                 in   in   in  403  403  403  200  200
GET    /settings/mail/templates/<name>/<language>               in   in   in  403  403  403  200  200
GET    /settings/mail/templates/<name>/<language>/preview       in   in   in  403  403  403  200  200
POST   /settings/mail/templates/<name>/<language>               in   in   in  403  403  403   go   go
POST   /settings/mail/templates/<name>/<language>/test          in   in   in  403  403  403   go   go
POST   /settings/mail/templates/<name>/<language>/reset         in   in   in  403  403  403   go   go
GET    /settings/routing                                        in   in   in  403  403  403  200  200
POST   /settings/routing                                        in   in   in  403  403  403   go   go
GET    /settings/availability                                   in   in   in  403  403  403  200  200
POST   /settings/availability                                   in   in   in  403  403  403   go   go
GET    /settings/teams                                          in   in   in  403  403  403  200  200
POST   /settings/teams                                          in   in   in  403  403  403   go   go
POST   /settings/teams/<uuid:team_id>                           in   in   in  403  403  403   go  404
POST   /settings/teams/<uuid:team_id>/delete                    in   in   in  403  403  403  200  404
GET    /settings/skills                                         in   in   in  403  403  403  200  200
POST   /settings/skills                                         in   in   in  403  403  403   go   go
POST   /settings/skills/<uuid:skill_id>/delete                  in   in   in  403  403  403  404  404
POST   /settings/skills/people/<uuid:user_id>                   in   in   in  403  403  403   go  404
POST   /settings/people/several                                 in   in   in  403  403  403   go   go
GET    /settings/people/<uuid:user_id>                          in   in   in  403  403  403  200  404
POST   /settings/people/<uuid:user_id>                          in   in   in  403  403  403   go  404
POST   /settings/people/<uuid:user_id>/skills                   in   in   in  403  403  403   go  404
POST   /settings/people/<uuid:user_id>/teams                    in   in   in  403  403  403   go  404
POST   /settings/people/<uuid:user_id>/sessions/end             in   in   in  403  403  403   go  404
GET    /settings/roles                                          in   in   in  403  403  403  200  200
GET    /settings/roles/new                                      in   in   in  403  403  403  200  200
POST   /settings/roles/new                                      in   in   in  403  403  403   go   go
GET    /settings/roles/<uuid:role_id>                           in   in   in  403  403  403  200  404
POST   /settings/roles/<uuid:role_id>                           in   in   in  403  403  403   go  404
POST   /settings/roles/<uuid:role_id>/delete                    in   in   in  403  403  403   go  404
GET    /settings/start                                          in   in   in  403  403  403  200  200
GET    /settings/workspace                                      in   in   in  403  403  403  200  200
POST   /settings/workspace                                      in   in   in  403  403  403   go   go
GET    /settings/lifecycle                                      in   in   in  403  403  403  200  200
POST   /settings/lifecycle                                      in   in   in  403  403  403   go   go
GET    /settings/tags                                           in   in   in  403  403  200  200  200
POST   /settings/tags                                           in   in   in  403  403   go   go   go
POST   /settings/tags/<uuid:tag_id>                             in   in   in  403  403   go   go  404
POST   /settings/tags/<uuid:tag_id>/merge                       in   in   in  403  403   go   go  404
POST   /settings/tags/<uuid:tag_id>/delete                      in   in   in  403  403  200  200  404
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
POST   /settings/calendars/<uuid:calendar_id>/delete            in   in   in  403  403  403  200  404
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
POST   /settings/policies/<uuid:policy_id>/delete               in   in   in  403  403  403  200  404
POST   /settings/policies/<uuid:policy_id>/move                 in   in   in  403  403  403   go  404
POST   /settings/policies/matches                               in   in   in  403  403  403  200  200
GET    /settings/policies/recalculate                           in   in   in  403  403  403  200  200
POST   /settings/policies/recalculate                           in   in   in  403  403  403   go   go
GET    /settings/policies/replays/<uuid:job_id>                 in   in   in  403  403  403  200  404
POST   /settings/policies/replays/<uuid:job_id>/apply          in   in   in  403  403  403   go  404
GET    /api/v1/sla/recalculation                                401  401  401  403  403  403  200  200
POST   /api/v1/sla/recalculation                                401  401  401  403  403  403  202  202
GET    /admin/live                                              in   in   in  200  200  200  200  200
GET    /admin/live/tickets                                      in   in   in  200  200  200  200  200
GET    /tv/<token>                                             404  404  404  404  404  404  404  404
GET    /settings/webhooks                                       in   in   in  403  403  403  200  200
GET    /settings/webhooks/new                                   in   in   in  403  403  403  200  200
POST   /settings/webhooks/new                                   in   in   in  403  403  403  200  200
GET    /settings/webhooks/<uuid:webhook_id>                     in   in   in  403  403  403  200  404
GET    /settings/webhooks/<uuid:webhook_id>/edit                in   in   in  403  403  403  200  404
POST   /settings/webhooks/<uuid:webhook_id>/edit                in   in   in  403  403  403   go  404
POST   /settings/webhooks/<uuid:webhook_id>/active              in   in   in  403  403  403   go  404
POST   /settings/webhooks/<uuid:webhook_id>/secret              in   in   in  403  403  403  200  404
POST   /settings/webhooks/<uuid:webhook_id>/test                in   in   in  403  403  403   go  404
POST   /settings/webhooks/<uuid:webhook_id>/replay              in   in   in  403  403  403   go  404
POST   /settings/webhooks/<uuid:webhook_id>/delete              in   in   in  403  403  403  200  404
GET    /settings/webhooks/<uuid:webhook_id>/deliveries/<uuid:message_id> in in in 403 403 403 200 404
POST   /settings/webhooks/<uuid:webhook_id>/deliveries/<uuid:message_id>/replay in in in 403 403 403 go 404
GET    /settings/wallboards                                     in   in   in  403  403  403  200  200
POST   /settings/wallboards                                     in   in   in  403  403  403  200  200
GET    /api/v1/keys                                            401  401  401  200  200  200  200  200
POST   /api/v1/keys                                            401  401  401  403  403  403  201  201
GET    /api/v1/keys/<id>                                       401  401  401  404  404  404  200  404
POST   /api/v1/keys/<id>/rotate                                401  401  401  404  404  404  200  404
DELETE /api/v1/keys/<id>                                       401  401  401  404  404  404  204  404
DELETE /api/v1/keys/<id>/previous                              401  401  401  404  404  404  204  404
GET    /settings/keys                                          in   in   in  403  403  403  200  200
POST   /settings/keys                                          in   in   in  403  403  403  200  200
POST   /settings/keys/<uuid:key_id>/rotate                     in   in   in  403  403  403  200  404
POST   /settings/keys/<uuid:key_id>/end-previous               in   in   in  403  403  403   go  404
POST   /settings/keys/<uuid:key_id>/revoke                     in   in   in  403  403  403   go  404
GET    /profile/keys                                           in   in   in  200  200  200  200  200
POST   /profile/keys                                           in   in   in  200  200  200  200  200
POST   /profile/keys/<uuid:key_id>/rotate                      in   in   in  404  404  404  200  404
POST   /profile/keys/<uuid:key_id>/end-previous                in   in   in  404  404  404   go  404
POST   /profile/keys/<uuid:key_id>/revoke                      in   in   in  404  404  404   go  404
POST   /settings/wallboards/<uuid:link_id>/revoke               in   in   in  403  403  403   go  404
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
/agent now.watch                   no        no        no        ok        ok        ok        ok        ok
/agent now.leave                   no        no        no        ok        ok        ok        ok        ok
/agent health.watch                no        no        no        ok        ok        ok        ok        ok
/agent health.leave                no        no        no        ok        ok        ok        ok        ok
/tv    now.watch                   no        no        no        no        no        no        no        no
/tv    now.leave                   no        no        no        no        no        no        no        no
/chat  chat.resume                 no        ok        ok        no        no        no        no        no
/chat  comment.create              no        ok not_found        no        no        no        no        no
/chat  ticket.read                 no        ok not_found        no        no        no        no        no
/chat  typing.update               no        ok not_found        no        no        no        no        no
/chat  ticket.end                  no        ok not_found        no        no        no        no        no
/chat  page.update                 no        ok        ok        no        no        no        no        no
"""

OWNED = (
    "POST /admin/reports/saved/<uuid:report_id>",
    "PATCH /api/v1/reports/saved/<id>",
    "PUT /api/v1/reports/saved/<id>/plan",
    "DELETE /api/v1/reports/saved/<id>",
    "GET /mail/",
    "GET /api/v1/mails/<id>",
)
"""Beginnings of routes that depend on whose or what a thing is, so that it is looked up first."""

PLACES = {
    "attachments/<id>": "attachments/{note_file}",
    "organizations/<id>": "organizations/{organization}",
    "users/<id>": "users/{user}",
    "teams/<id>": "teams/{spare_team}",
    "skills/<id>": "skills/{skill}",
    "roles/<id>": "roles/{role}",
    "inboxes/<id>/mail": "inboxes/{email_inbox}/mail",
    "inboxes/<id>": "inboxes/{inbox}",
    "wallboards/<id>": "wallboards/{wallboard}",
    "suppressions/<id>": "suppressions/{suppression}",
    "blocked-senders/<id>": "blocked-senders/{blocked_sender}",
    "calendars/<id>": "calendars/{calendar}",
    "<holiday_id>": "{holiday}",
    "policies/<id>": "policies/{policy}",
    "reports/saved/<id>": "reports/saved/{saved_report}",
    "inboxes/<uuid:inbox_id>/mail": "inboxes/{email_inbox}/mail",
    "<uuid:mail_id>": "{held_mail}",
    "mails/<id>": "mails/{held_mail}",
    "<uuid:blocked_id>": "{blocked_sender}",
    "customers/<id>": "customers/{customer}",
    "blocks/<id>": "blocks/{block}",
    "tags/<id>": "tags/{tag}",
    "fields/<id>": "fields/{field}",
    "statuses/<id>": "statuses/{status}",
    "<ticket_id>/restore": "{trashed}/restore",
    "<uuid:link_id>": "{wallboard}",
    "keys/<id>": "keys/{key}",
    "<uuid:key_id>": "{key}",
    "<import_id>": "{import}",
    "<webhook_id>": "{webhook}",
    "<message_id>": "{message}",
    "<uuid:webhook_id>": "{webhook}",
    "<uuid:message_id>": "{message}",
    "<uuid:import_id>": "{import}",
    "<uuid:report_id>": "{saved_report}",
    "<link_id>": "{link}",
    "<uuid:role_id>": "{role}",
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
    "connections/<kind>": "connections/hubspot",
    "<email>": "{email}",
    "<kind>": "reply",
    "<extension>": "csv",
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


OFFICE = {"timezone": "UTC", "week": {"mon": [{"opens": "09:00", "closes": "17:00"}]}}
GOLD = {"name": "Gold", "targets": [{"metric": "total", "seconds": {"high": {"basic": 14400}}}]}
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
    "POST /api/v1/customers": lambda _: {"json": {"email": "new@example.com"}},
    "POST /api/v1/customers/<id>/merge": lambda ids: {"json": {"other": ids["customer"]}},
    "POST /api/v1/organizations": lambda _: {"json": {"name": "Fresh"}},
    "PATCH /api/v1/organizations/<id>": lambda _: {"json": {"name": "Renamed"}},
    "POST /api/v1/organizations/<id>/merge": lambda ids: {"json": {"other": ids["organization"]}},
    "POST /api/v1/admin/users": lambda _: {"json": {"name": "New", "email": "new@example.com"}},
    "PATCH /api/v1/admin/users/<id>": lambda _: {"json": {"name": "Somebody"}},
    "POST /api/v1/admin/users/<id>/deactivate": lambda _: {"json": {"to": "routing"}},
    "POST /api/v1/teams": lambda ids: {"json": {"name": "Second line", "member_ids": [ids["user"]]}},
    "PATCH /api/v1/teams/<id>": lambda _: {"json": {"name": "First line"}},
    "PATCH /api/v1/settings/workspace": lambda _: {"json": {"goal_percent": 95}},
    "PATCH /api/v1/settings/routing": lambda _: {"json": {"hops": 4}},
    "PATCH /api/v1/settings/lifecycle": lambda _: {"json": {"close_after_days": 9}},
    "PATCH /api/v1/settings/availability": lambda _: {"json": {"reasons": [{"name": "Tea"}]}},
    "PATCH /api/v1/settings/mail": lambda _: {"json": {"undo_seconds": 5}},
    "PATCH /api/v1/settings/second-factor": lambda _: {"json": {"roles": ["viewer"]}},
    "PATCH /api/v1/settings/oidc": lambda _: {"json": {"label": "The office"}},
    "PATCH /api/v1/settings/mail-providers": lambda _: {"json": {"sender_name": "Harbour"}},
    "PUT /api/v1/mail/templates/<name>/<language>": lambda _: {"json": {"subject": "Hi", "text": "Hi"}},
    "POST /api/v1/suppressions": lambda _: {"json": {"address": "x@example.com"}},
    "POST /api/v1/wallboards": lambda _: {"json": {"name": "Window"}},
    "PUT /api/v1/connections/<kind>": lambda _: {"json": {"token": "short"}},
    "PUT /api/v1/connections/<kind>/fields": lambda _: {
        "json": {"fields": {"company": {"direction": "out", "theirs": "company"}}}
    },
    "PATCH /api/v1/inboxes/<id>/mail": lambda _: {"json": {"strangers": "hold"}},
    "PUT /api/v1/mails/<id>/decision": lambda _: {"json": {"verb": "accept"}},
    "POST /api/v1/blocked-senders": lambda _: {"json": {"address": "x@example.com"}},
    "PUT /api/v1/reports/saved/<id>/plan": lambda ids: {
        "json": {"every": "week", "hour": 8, "zone": "UTC", "recipients": [ids["user"]]}
    },
    "POST /api/v1/skills": lambda _: {"json": {"name": "German"}},
    "PATCH /api/v1/skills/<id>": lambda _: {"json": {"name": "French"}},
    "POST /api/v1/roles": lambda _: {"json": {"name": "Night", "permissions": ["ticket:note"]}},
    "PATCH /api/v1/roles/<id>": lambda _: {"json": {"name": "Day"}},
    "DELETE /api/v1/roles/<id>": lambda _: {"query_string": {"replacement": "agent"}, "json": {}},
    "POST /api/v1/inboxes": lambda _: {"json": {"name": "Shop"}},
    "PATCH /api/v1/inboxes/<id>": lambda _: {"json": {"greeting": "Hello"}},
    "POST /api/v1/calendars": lambda _: {"json": {**OFFICE, "name": "Office"}},
    "PATCH /api/v1/calendars/<id>": lambda _: {"json": {"name": "House"}},
    "POST /api/v1/calendars/<id>/holidays": lambda _: {
        "json": {"holidays": [{"name": "Feast", "first_day": "2030-06-01"}]}
    },
    "POST /api/v1/policies": lambda _: {"json": GOLD},
    "PATCH /api/v1/policies/<id>": lambda _: {"json": {"name": "Silver"}},
    "PUT /api/v1/policies/order": lambda ids: {"json": {"policy_ids": [ids["policy"]]}},
    "POST /api/v1/reports/saved": lambda _: {"json": {"name": "Mine", "screen": "sla"}},
    "PATCH /api/v1/reports/saved/<id>": lambda _: {"json": {"name": "Ours"}},
    "POST /api/v1/notifications/read": lambda ids: {"json": {"ticket_id": ids["ticket"]}},
    "POST /api/v1/notifications/subscriptions": lambda _: {"json": PUSH},
    "PATCH /api/v1/me": lambda _: {"json": {"name": "Somebody"}},
    **dict.fromkeys(
        (f"GET /api/v1/reports/{name}" for name in ("figures", "figures.csv", "heatmap", "rows", "rows.csv")),
        lambda _: {"query_string": {"metric": "created"}},
    ),
    "GET /api/v1/reports/breakdown": lambda _: {"query_string": {"metric": "created", "by": "team"}},
    "GET /api/v1/reports/histogram": lambda _: {"query_string": {"metric": "backlog"}},
    "POST /api/v1/reports/exports": lambda _: {"json": {"metric": "created"}},
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
    "GET /admin/live/tickets": lambda _: {"query_string": {"of": "open"}},
    "POST /admin/reports/saved": lambda _: {"data": {"name": "Mine", "screen": "sla"}},
    "POST /admin/reports/saved/<uuid:report_id>": lambda _: {"data": {"name": "Ours", "is_shared": "1"}},
    "POST /admin/reports/saved/<uuid:report_id>/shown": lambda _: {"data": {"screen": "speed"}},
    "POST /admin/reports/saved/<uuid:report_id>/plan": lambda ids: {
        "data": {"every": "day", "hour": "8", "zone": "UTC", f"recipients.{ids['user']}": "1"}
    },
    **dict.fromkeys(
        ("POST /settings/webhooks/new", "POST /settings/webhooks/<uuid:webhook_id>/edit"),
        lambda _: {"data": {"url": "https://example.com/hook", "events.*": "1"}},
    ),
    "POST /settings/webhooks/<uuid:webhook_id>/active": lambda _: {"data": {"active": "1"}},
    "POST /settings/webhooks/<uuid:webhook_id>/replay": lambda _: {
        "data": {"first": "2026-01-01", "last": "2026-01-02", "what": "all"}
    },
    "POST /api/v1/keys": lambda _: {"json": {"name": "Shop", "role": "viewer", "scopes": ["ticket:read"]}},
    "POST /settings/keys": lambda _: {"data": {"name": "Shop", "role": "viewer", "scopes.ticket:read": "1"}},
    "POST /settings/keys/<uuid:key_id>/revoke": lambda ids: {"data": {"confirm": ids["key_name"]}},
    "POST /profile/keys": lambda _: {"data": {"name": "Script", "scopes.ticket:read": "1"}},
    "POST /profile/keys/<uuid:key_id>/revoke": lambda ids: {"data": {"confirm": ids["key_name"]}},
    "POST /settings/wallboards": lambda _: {"data": {"name": "Window"}},
    "GET /api/v1/chat/events": lambda ids: {"query_string": {"ticket": ids["ticket"], "after": "0"}},
    "GET /admin/reports/tickets": lambda _: {"query_string": {"metric": "created"}},
    "POST /admin/reports/tickets": lambda _: {"query_string": {"metric": "created"}},
    "POST /sign-in": lambda _: {"data": {"email": "x@example.com", "password": "wrong"}},
    "POST /reset": lambda _: {"data": {"email": "x@example.com"}},
    "POST /profile": lambda _: {"data": {"name": "Somebody", "availability": "away"}},
    "POST /profile/password": lambda _: {"data": {"current": "wrong", "password": "a longer password"}},
    "POST /api/v1/webhooks": lambda _: {"json": {"url": "https://example.com/hook", "events": ["*"]}},
    "PATCH /api/v1/webhooks/<webhook_id>": lambda _: {"json": {"description": "Chat"}},
    "POST /api/v1/webhooks/<webhook_id>/replay": lambda _: {
        "json": {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    },
    "POST /api/v1/imports": lambda _: file_body(
        "rows.csv", b"id,title,email\n1,A,a@example.com\n", subject="ticket"
    ),
    "PATCH /api/v1/imports/<import_id>": lambda _: {
        "json": {"mapping": {"ticket": {"id": "id", "title": "title"}}}
    },
    "POST /api/v1/imports/<import_id>/work": lambda _: {"json": {"work": "check"}},
    "POST /settings/import": lambda _: file_body(
        "rows.csv", b"id,title,email\n1,A,a@example.com\n", subject="ticket"
    ),
    "POST /api/v1/exports": lambda _: {"json": {"format": "csv"}},
    "POST /settings/exports": lambda _: {"data": {"format": "csv"}},
    "POST /settings/jobs/replay": lambda _: {"data": {"type": "email.send"}},
    "POST /settings/mail": lambda _: {"data": {"language": "en"}},
    "POST /settings/mail/providers": lambda _: {"data": {"order": "ses,smtp,sendgrid"}},
    "POST /settings/mail/test": lambda _: {"data": {"address": "x@example.com"}},
    "POST /settings/held-mail/several": lambda ids: {
        "data": {"verb": "discard", f"mails.{ids['held_mail']}": "1"}
    },
    "POST /settings/held-mail/senders": lambda _: {"data": {"address": "x@example.com"}},
    "POST /settings/inboxes/<uuid:inbox_id>/mail": lambda _: {"data": {"strangers": "hold"}},
    "POST /settings/mail/suppressions": lambda _: {"data": {"address": "x@example.com"}},
    "POST /settings/mail/templates/<name>/<language>": lambda _: {"data": {"subject": "Hi", "text": "Hi"}},
    "POST /settings/people": lambda _: {"data": {"name": "New", "email": "new@example.com", "role": "agent"}},
    "POST /settings/people/<uuid:user_id>/role": lambda _: {"data": {"role": "viewer"}},
    "POST /form/<key>": lambda _: {"data": {"email": "x@example.com", "subject": "Hi", "message": "Hello"}},
    "POST /organizations/new": lambda _: {"data": {"name": "Fresh"}},
    "POST /organizations/<uuid:organization_id>": lambda _: {"data": {"name": "Renamed"}},
    "POST /settings/safety": lambda _: {"data": {"roles.viewer": "1"}},
    "POST /settings/safety/oidc": lambda _: {"data": {"issuer": "https://id.example.com"}},
    "POST /settings/availability": lambda _: {"data": {"reasons.0.name": "Lunch"}},
    "POST /settings/routing": lambda _: {"data": {"capacity": "20"}},
    "POST /settings/teams": lambda _: {"data": {"name": "Second line"}},
    "POST /settings/teams/<uuid:team_id>": lambda _: {"data": {"name": "First line"}},
    "POST /settings/skills": lambda _: {"data": {"name": "German"}},
    "POST /settings/people/several": lambda _: {"data": {"addresses": "new@example.com"}},
    "POST /settings/people/<uuid:user_id>": lambda _: {"data": {"name": "New", "email": "n@example.com"}},
    "POST /settings/roles/new": lambda _: {"data": {"name": "Night"}},
    "POST /settings/roles/<uuid:role_id>": lambda _: {"data": {"name": "Night"}},
    "POST /settings/roles/<uuid:role_id>/delete": lambda ids: {
        "data": {"replacement": "agent", "confirm": ids["role_name"]}
    },
    "POST /settings/workspace": lambda _: {"data": {"name": "Harbour"}},
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
    "/agent now.watch": lambda _: {},
    "/agent now.leave": lambda _: {},
    "/agent health.watch": lambda _: {},
    "/agent health.leave": lambda _: {},
    "/tv now.watch": lambda _: {},
    "/tv now.leave": lambda _: {},
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
