/**
 * The shapes that the server sends, as docs/realtime.md has them.
 *
 * @typedef {'mine'|'unassigned'|'all'|'waiting'|'risk'|'breached'|'snoozed'|'done'|'trash'} View
 * @typedef {'due'|'waiting'|'priority'|'newest_activity'|'oldest_activity'|'newest'|'oldest'|'snooze'} Sort
 * @typedef {'queue'|'snoozed'|'done'|'trash'} Shelf
 * @typedef {'customer'|'third_party'} PendingOn
 * @typedef {'open'|'assigned'|'in_progress'|'pending'|'resolved'|'closed'} Status
 * @typedef {'low'|'medium'|'high'|'critical'} Priority
 * @typedef {'reply'|'note'} Kind
 * @typedef {'online'|'away'|'busy'|'offline'} Availability
 * @typedef {'viewing'|'replying'|'noting'|'left'} Presence
 *
 * @typedef {{kind: 'user'|'customer'|'system', id: string|null, name: string}} Actor
 * @typedef {{id: string, name: string, size_bytes: number, content_type: string, is_image: boolean,
 *   width: number|null, height: number|null, url: string}} Attachment
 * @typedef {{id: string, ticket_id: string, client_id: string|null, kind: Kind, content: string, author: Actor, seq: number,
 *   public_seq: number|null, created_at: string, withdrawn: boolean, attachments: Attachment[],
 *   mail?: MailIn|null}} Comment
 * @typedef {{id: string, sender: string, is_verified: boolean, is_other: boolean, cc: string[], is_folded: boolean,
 *   left: string[]}} MailIn
 * @typedef {{id: string, ticket_id: string, comment_id: string|null, template: string, to: string, error: string|null, send_at: string,
 *   at: string, provider: string|null, status: 'queued'|'sent'|'failed'|'bounced'|'suppressed'|'cancelled'}} Delivery
 * @typedef {Record<string, [any, any]>} Changes
 * @typedef {{id: string, name: string, ticket_id: string, workspace_seq?: number, seq: number, public_seq: number|null, at: string,
 *   actor: Actor, door?: string, changes?: Changes, subject_id?: string, comment?: Comment}} TicketEvent
 *
 * @typedef {{id: string, name: string, email: string|null, claimed_email: string|null, verified: boolean, tier: string|null,
 *   blocked: boolean}} Customer
 * @typedef {{id: string, number: number, title: string, status: Status, status_id: string|null, priority: Priority, channel: string,
 *   inbox_id: string|null, category: string|null, tags: string[], fields: Record<string, FieldValue>, spam: boolean,
 *   shelf: Shelf, pending_on: PendingOn|null, snoozed_until: string|null, merged_into: number|null,
 *   customer: Customer, assigned_agent_id: string|null, team_id: string|null, unread: number,
 *   waiting_since: string|null, last_comment: {preview: string, kind: Kind, author: Actor, at: string}|null, created_at: string,
 *   updated_at: string, seq: number, public_seq: number, escalated: boolean, next_due_at: string|null, sla: Chip|null}} Row
 * @typedef {Chip & {name: string, instance: number, late: boolean, policy: string, target: string, started_at: string,
 *   over_seconds: number|null, sentence: string}} Account
 * @typedef {{metric: string, state: 'active'|'paused'|'met'|'breached'|'dropped', due_at: string|null, soon_at: string|null,
 *   ended_at: string|null, target_seconds: number, remaining_seconds: number|null, business: boolean}} Chip
 * @typedef {{id: string, number: number, title: string, status: Status, created_at: string}} Earlier
 * @typedef {{url: string, title: string|null, referrer?: string|null}} Page
 * @typedef {{customer: {delivered: number, seen: number}, staff: {seen: number}}} ReadMarks
 * @typedef {Row & {description: string|null, external_id: string|null, metadata: Record<string, unknown>, followers: string[], page: Page|null,
 *   client: {browser: string|null, os: string|null, address: string|null, locale: string|null}|null, read: ReadMarks,
 *   drafts: {reply: {content: string}|null, note: {content: string}|null}, earlier: Earlier[], customer_online: boolean, deliveries: Delivery[],
 *   viewers: {user_id: string, state: Presence}[]}} Ticket
 * @typedef {{ticket: Ticket, events: TicketEvent[], has_more: boolean}} Snapshot
 *
 * @typedef {Record<Exclude<View, 'done'>, number>} Counts
 * @typedef {{data: Row[], next_cursor: string|null, counts: Counts, workspace_seq: number}} QueuePage
 * @typedef {{row: Row, before: Standing|null, workspace_seq: number}} RowChange
 * @typedef {{assigned_agent_id: string|null, shelf: Shelf, pending_on: PendingOn|null}} Standing
 *
 * @typedef {{id: string, name: string, colour: string}} Tag
 * @typedef {string|number|boolean} FieldValue
 * @typedef {{id: string, target: 'ticket'|'customer', key: string, label: string, hint: string,
 *   kind: 'text'|'number'|'date'|'choice'|'checkbox'|'url', choices: string[], pattern: string, required_on_resolve: boolean,
 *   archived: boolean}} Field
 * @typedef {{id: string|null, code: Status, label: string, pending_on: 'customer'|'third_party'|null, active: boolean}} OwnStatus
 * @typedef {'related'|'parent'|'child'|'duplicate'|'original'|'follow_up'|'followed_up_by'} LinkKind
 * @typedef {{id: string, kind: LinkKind, ticket: {id: string, number: number, title: string, status: Status, status_id: string|null}}} Link
 *
 * @typedef {{id: string, name: string, role: string, availability: Availability,
 *   reason: string|null, online: boolean, active: boolean, answers: boolean}} Colleague
 * @typedef {{users: Colleague[], teams: {id: string, name: string}[], inboxes: {id: string, name: string}[],
 *   tags: Tag[], fields: Field[], statuses: OwnStatus[], skills: {id: string, name: string}[]}} Directory
 * @typedef {{id: string, name: string, email: string, role: string, availability: Availability, reason: string|null,
 *   settings: {shortcuts?: boolean, sound?: boolean, narrow_nav?: boolean, theme?: string, density?: string, [key: string]: unknown}}} Me
 * @typedef {{comment_chars: number, attachment_bytes: number, attachments_per_comment: number, attachment_types: string[]}} Limits
 * @typedef {{user: Me, workspace: {id: string, name: string}, permissions: string[], csrf: string, directory: Directory,
 *   routing?: {reasons: import('./routing-state.js').Reason[], offers: import('./routing-state.js').Offer[]}, queue: QueuePage, view: View, ticket_number: number|null, limits: Limits,
 *   notifications: {unread: number}, version: string, now?: string, connected?: boolean}} Boot
 */

export {};
