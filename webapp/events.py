"""The catalogue of facts: what can happen, in the past tense, and what each says.

`public`: whether the customer sees it (`"status"`: only if the customer's word for the status changed;
`"reply"`: replies only). The ledger, live updates and the feed all carry these names.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One kind of event."""

    name: str
    on_ticket: bool
    public: bool | str
    says: str


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
    Fact("ticket.deleted", True, False, "The ticket was put in the trash."),
    Fact("ticket.restored", True, False, "The ticket came back from the trash."),
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
    Fact("customer.created", False, False, "A customer or visitor was first seen."),
    Fact("customer.updated", False, False, "Details of a customer changed."),
    Fact("customer.identified", False, False, "A visitor proved who they are by a signed identity."),
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
    Fact("user.created", False, False, "A member of staff was added."),
    Fact("user.updated", False, False, "Name, role or availability of a member of staff changed."),
    Fact("user.deactivated", False, False, "A member of staff lost access."),
    Fact("user.reactivated", False, False, "A member of staff got access again."),
    Fact("user.password_changed", False, False, "A password was set."),
    Fact("mail_template.updated", False, False, "A mail got other words, or ours again."),
    Fact("suppression.created", False, False, "An address gets no more mail."),
    Fact("suppression.removed", False, False, "An address may have mail again."),
    Fact("job.cancelled", False, False, "Background work was called off."),
    Fact("job.replayed", False, False, "Background work that had failed was started again."),
    Fact("export.created", False, False, "Somebody asked for an export of tickets."),
    Fact("session.created", False, False, "Somebody signed in."),
    Fact("session.revoked", False, False, "A session was ended."),
)

CATALOGUE: dict[str, Fact] = {fact.name: fact for fact in _ALL}
