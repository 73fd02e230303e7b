"""The catalogue of facts: what can happen, in the past tense, and what each says.

`public`: whether the customer sees it (`"status"`: only if the customer's word for the status changed;
`"reply"`: replies only). The ledger, live updates and the feed all carry these names. `audited`: whether
the audit log keeps it; where nothing is said, it keeps what is not about a ticket.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One kind of event."""

    name: str
    on_ticket: bool
    public: bool | str
    says: str
    audited: bool | None = None

    @property
    def is_audited(self) -> bool:
        """Whether the audit log keeps it."""
        return not self.on_ticket if self.audited is None else self.audited


_ALL = (
    Fact("ticket.created", True, True, "A ticket came into being; changes hold every field."),
    Fact("comment.created", True, "reply", "A reply or an internal note was written; `comment` is embedded."),
    Fact("comment.withdrawn", True, False, "Its author took a reply back before it was mailed."),
    Fact("mail.failed", True, False, "No provider took a mail of the ticket, however often it was tried."),
    Fact("mail.bounced", True, False, "A mail of the ticket came back."),
    Fact("ticket.assigned", True, True, "An agent or team took or was given the ticket."),
    Fact("ticket.unassigned", True, True, "The ticket went back to the queue."),
    Fact("ticket.offered", True, False, "The ticket was held out to an agent."),
    Fact("ticket.offer_declined", True, False, "The agent declined the offer or let it run out."),
    Fact("ticket.status_changed", True, "status", "The status changed."),
    Fact("ticket.updated", True, False, "Title, priority, category or a custom field changed."),
    Fact("ticket.tagged", True, False, "Tags were put on or taken off."),
    Fact("ticket.followed", True, False, "Somebody of the staff follows the ticket."),
    Fact("ticket.unfollowed", True, False, "Somebody follows the ticket no longer."),
    Fact("ticket.linked", True, False, "The ticket was tied to another one; both say so."),
    Fact("ticket.unlinked", True, False, "The tie to another ticket was cut."),
    Fact("ticket.deleted", True, False, "The ticket was put in the trash.", audited=True),
    Fact("ticket.restored", True, False, "The ticket came back from the trash.", audited=True),
    Fact("ticket.tier_changed", True, False, "The customer's tier or organization is another now."),
    Fact("ticket.escalated", True, False, "A promise was broken or near it: the ticket went up the ladder."),
    Fact("sla.warned", True, False, "A deadline comes near."),
    Fact("sla.recalculated", True, False, "Deadlines moved because a policy or calendar has changed."),
    Fact("sla.breached", True, False, "A deadline has passed."),
    Fact("ticket.ended", True, True, "The customer ended the chat."),
    Fact("ticket.marked_as_spam", True, False, "The ticket was put away as spam."),
    Fact("ticket.unmarked_as_spam", True, False, "The ticket is no spam after all."),
    Fact(
        "ticket.customer_changed", True, False, "The ticket moved to another customer (a visitor identified)."
    ),
    Fact("ticket.snoozed", True, False, "The ticket was put off until a time, or until the customer writes."),
    Fact("ticket.woken", True, False, "A snoozed ticket is back on the queue."),
    Fact("ticket.merged", True, True, "The ticket was merged into another (`subject_id`) and closed."),
    Fact("ticket.unmerged", True, True, "The ticket stands on its own again; `subject_id` was its target."),
    Fact("ticket.absorbed", True, False, "Another ticket (`subject_id`) was merged into this one."),
    Fact("ticket.released", True, True, "What was merged in from `subject_id` is shown here no more."),
    Fact("ticket.split", True, False, "Some of its comments became a new ticket (`subject_id`)."),
    Fact(
        "comment.carried",
        True,
        "reply",
        "A comment of another ticket (`subject_id`) is shown here too, by a merge or a split.",
    ),
    Fact("customer.created", False, False, "A customer or visitor was first seen.", audited=False),
    Fact("customer.updated", False, False, "Details of a customer changed.", audited=False),
    Fact(
        "customer.identified",
        False,
        False,
        "A visitor proved who they are by a signed identity.",
        audited=False,
    ),
    Fact("customer.merged", False, False, "Another customer (`merged_id`) became part of this one."),
    Fact("organization.created", False, False, "An organization was made."),
    Fact("organization.updated", False, False, "Name, domains, tier or notes of an organization changed."),
    Fact("organization.merged", False, False, "Another organization became part of this one."),
    Fact("block.created", False, False, "A customer or address was blocked."),
    Fact("block.removed", False, False, "A block was lifted."),
    Fact("workspace.created", False, False, "The workspace was set up."),
    Fact("workspace.updated", False, False, "Settings of the workspace changed."),
    Fact("inbox.created", False, False, "An inbox was made."),
    Fact("inbox.updated", False, False, "Settings of an inbox changed."),
    Fact("saved_report.created", False, False, "A report was saved under a name."),
    Fact("saved_report.updated", False, False, "A saved report, or when it is mailed to whom, changed."),
    Fact("saved_report.deleted", False, False, "A saved report was deleted."),
    Fact("calendar.created", False, False, "A calendar of working hours was made."),
    Fact("calendar.updated", False, False, "Hours or holidays of a calendar changed."),
    Fact("calendar.deleted", False, False, "A calendar was deleted."),
    Fact("sla_policy.created", False, False, "A service level policy was made."),
    Fact("sla_policy.updated", False, False, "A service level policy, or their order, changed."),
    Fact("sla_policy.deleted", False, False, "A service level policy was deleted."),
    Fact("team.created", False, False, "A team was made."),
    Fact("tag.created", False, False, "A tag was made."),
    Fact("tag.updated", False, False, "A tag was renamed or recoloured."),
    Fact("tag.merged", False, False, "A tag was merged into another."),
    Fact("tag.deleted", False, False, "A tag was deleted."),
    Fact("field.created", False, False, "A custom field was defined."),
    Fact("field.updated", False, False, "A custom field's definition changed, or it was archived."),
    Fact("ticket_status.created", False, False, "The workspace made a status of its own."),
    Fact("ticket_status.updated", False, False, "A status got another name, place or meaning."),
    Fact("team.updated", False, False, "Name, lead or members of a team changed."),
    Fact("team.deleted", False, False, "A team was taken away."),
    Fact("skill.created", False, False, "A skill was made."),
    Fact("skill.updated", False, False, "A skill got another name."),
    Fact("skill.deleted", False, False, "A skill was taken away."),
    Fact("routing_agent.updated", False, False, "Somebody's capacity or skills changed."),
    Fact("role.created", False, False, "The workspace made a role of its own."),
    Fact("role.updated", False, False, "A role of the workspace got another name or other permissions."),
    Fact("role.deleted", False, False, "A role was taken away; who had it has `replacement` now."),
    Fact("user.created", False, False, "A member of staff was added."),
    Fact("user.updated", False, False, "Name, role or availability of a member of staff changed."),
    Fact("user.deactivated", False, False, "A member of staff lost access."),
    Fact("user.reactivated", False, False, "A member of staff got access again."),
    Fact("user.came_online", False, False, "A member of staff opened the desk.", audited=False),
    Fact(
        "user.went_offline", False, False, "A member of staff has left the desk, as of `at`.", audited=False
    ),
    Fact("user.password_changed", False, False, "A password was set."),
    Fact("user.invited", False, False, "Somebody was mailed another link to set their first password."),
    Fact("user.second_factor_enabled", False, False, "Somebody set up a second factor."),
    Fact("user.second_factor_disabled", False, False, "Somebody turned their second factor off."),
    Fact("user.second_factor_reset", False, False, "Somebody's lost second factor was taken away."),
    Fact("user.recovery_codes_renewed", False, False, "Somebody made new recovery codes."),
    Fact("user.recovery_code_used", False, False, "A recovery code stood in for a second factor."),
    Fact("user.identity_linked", False, False, "An OpenID provider's account was tied to somebody."),
    Fact("user.identity_unlinked", False, False, "Somebody's ties to OpenID providers were cut."),
    Fact("mail_template.updated", False, False, "A mail got other words, or ours again."),
    Fact("mail.received", False, False, "A mail came in; `status` says what became of it.", audited=False),
    Fact("mail.accepted", False, False, "A mail that was held was let in."),
    Fact("mail.discarded", False, False, "A mail that was held was deleted."),
    Fact("sender.blocked", False, False, "Mail of an address or domain is taken no more."),
    Fact("sender.unblocked", False, False, "Mail of a blocked sender is taken again."),
    Fact("mailbox.updated", False, False, "How mail comes to an inbox was set up anew."),
    Fact("suppression.created", False, False, "An address gets no more mail."),
    Fact("suppression.removed", False, False, "An address may have mail again."),
    Fact("job.cancelled", False, False, "Background work was called off."),
    Fact("job.replayed", False, False, "Background work that had failed was started again."),
    Fact("import.created", False, False, "Somebody sent a file to import."),
    Fact("import.started", False, False, "The rows of a file are being taken in."),
    Fact("import.undone", False, False, "What a file brought in is being taken back."),
    Fact("export.created", False, False, "Somebody asked for an export of tickets."),
    Fact("wallboard_link.created", False, False, "A link was made that shows the live board on a screen."),
    Fact("wallboard_link.revoked", False, False, "A screen's link to the live board was ended."),
    Fact("webhook.created", False, False, "Another program was subscribed to what happens here."),
    Fact(
        "webhook.updated",
        False,
        False,
        "Address, events or condition of a webhook changed, or it was paused.",
    ),
    Fact("webhook.deleted", False, False, "A webhook was deleted, with its log."),
    Fact("webhook.disabled", False, False, "A webhook was turned off, because nothing gets through to it."),
    Fact("webhook.secret_rotated", False, False, "A webhook got another signing secret."),
    Fact("webhook.replayed", False, False, "Messages of a webhook were sent again."),
    Fact("apikey.created", False, False, "A key for programs was made; `scopes` say what it may do at most."),
    Fact("apikey.rotated", False, False, "A key got another token; the one before opens for a day more."),
    Fact(
        "apikey.previous_ended",
        False,
        False,
        "The token before a key's last one was ended ahead of its time.",
    ),
    Fact("apikey.revoked", False, False, "A key was ended."),
    Fact("connection.created", False, False, "The workspace was connected to CRM or billing."),
    Fact("connection.updated", False, False, "CRM or billing was connected again, or shares other fields."),
    Fact("connection.broken", False, False, "CRM or billing lets nobody in until it is connected again."),
    Fact("connection.deleted", False, False, "CRM or billing was disconnected."),
    Fact("session.created", False, False, "Somebody signed in."),
    Fact("session.revoked", False, False, "A session was ended."),
)

CATALOGUE: dict[str, Fact] = {fact.name: fact for fact in _ALL}

ACCESSES: dict[str, str] = {
    "customer.viewed": "Somebody opened a customer; noted once an hour per person and customer.",
    "customer.searched": "Somebody looked through the customers; noted once an hour per person.",
    "export.downloaded": "Somebody fetched an export's file.",
    "audit.exported": "Somebody fetched the audit log as a file.",
    "inbox.secret_viewed": "Somebody looked at an inbox's identity secret.",
    "session.refused": "A sign-in was refused.",
    "user.second_factor_refused": "A wrong password or code was given where a second factor is changed.",
}
"""What changes nothing, and is therefore in the audit log alone."""
