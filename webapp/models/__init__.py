"""The nouns. Thin: columns, relations, small predicates."""

from webapp.models.api_key import ApiKey
from webapp.models.attachment import Attachment
from webapp.models.audit import AuditEntry, AuditHead
from webapp.models.block import Block
from webapp.models.calendar import Calendar, CalendarHoliday
from webapp.models.comment import Comment
from webapp.models.connection import BillingAccount, Connection, CrmContact, SyncEntry
from webapp.models.customer import Customer, CustomerAlias, VisitorToken
from webapp.models.draft import Draft
from webapp.models.event import Event
from webapp.models.field import Field
from webapp.models.follower import Follower
from webapp.models.idempotency import IdempotentAnswer
from webapp.models.identity import RecoveryCode, UserIdentity
from webapp.models.importing import Import, ImportedRow, ImportProblem
from webapp.models.inbox import Inbox
from webapp.models.installation import Installation
from webapp.models.job import Job
from webapp.models.link import Link
from webapp.models.mail import MailDelivery, MailSuppression, MailTemplate
from webapp.models.mail_in import BlockedSender, InboundMail, Mailbox
from webapp.models.measurement import MeasuredUpTo, Measurement
from webapp.models.notification import Notification, NotificationPreference, PushKey, PushSubscription
from webapp.models.organization import Organization, OrganizationDomain
from webapp.models.presence import Presence
from webapp.models.role import Role
from webapp.models.routing import (
    Offer,
    RoutingAgent,
    RoutingDecision,
    Skill,
    TicketSkill,
    UserSkill,
)
from webapp.models.saved_report import ReportPlan, ReportRecipient, SavedReport
from webapp.models.schedule import Schedule
from webapp.models.search import SearchDocument
from webapp.models.session import AccountToken, UserSession
from webapp.models.sla import SlaClock, SlaPolicy
from webapp.models.tag import Tag, TicketTag
from webapp.models.team import Team, TeamMember
from webapp.models.ticket import ReadMark, Ticket
from webapp.models.ticket_merge import TicketMerge
from webapp.models.ticket_status import TicketStatus
from webapp.models.timer import Timer
from webapp.models.user import User
from webapp.models.wallboard import WallboardLink
from webapp.models.webhook import WebhookDelivery, WebhookSubscription
from webapp.models.workspace import TicketNumber, Workspace, WorkspaceFeed

__all__ = [
    "AccountToken",
    "ApiKey",
    "Attachment",
    "AuditEntry",
    "AuditHead",
    "BillingAccount",
    "Block",
    "BlockedSender",
    "Calendar",
    "CalendarHoliday",
    "Comment",
    "Connection",
    "CrmContact",
    "Customer",
    "CustomerAlias",
    "Draft",
    "Event",
    "Field",
    "Follower",
    "IdempotentAnswer",
    "Import",
    "ImportProblem",
    "ImportedRow",
    "InboundMail",
    "Inbox",
    "Installation",
    "Job",
    "Link",
    "MailDelivery",
    "MailSuppression",
    "MailTemplate",
    "Mailbox",
    "MeasuredUpTo",
    "Measurement",
    "Notification",
    "NotificationPreference",
    "Offer",
    "Organization",
    "OrganizationDomain",
    "Presence",
    "PushKey",
    "PushSubscription",
    "ReadMark",
    "RecoveryCode",
    "ReportPlan",
    "ReportRecipient",
    "Role",
    "RoutingAgent",
    "RoutingDecision",
    "SavedReport",
    "Schedule",
    "SearchDocument",
    "Skill",
    "SlaClock",
    "SlaPolicy",
    "SyncEntry",
    "Tag",
    "Team",
    "TeamMember",
    "Ticket",
    "TicketMerge",
    "TicketNumber",
    "TicketSkill",
    "TicketStatus",
    "TicketTag",
    "Timer",
    "User",
    "UserIdentity",
    "UserSession",
    "UserSkill",
    "VisitorToken",
    "WallboardLink",
    "WebhookDelivery",
    "WebhookSubscription",
    "Workspace",
    "WorkspaceFeed",
]
