/**
 * The bodies of docs/realtime.md as the customer's side sees them, and the page's own state.
 *
 * @typedef {{kind: 'user' | 'customer' | 'system', name: string}} Author
 * @typedef {{id: string, name: string, size_bytes: number, content_type: string, is_image: boolean, width: number | null, height: number | null, url: string}} Attachment
 * @typedef {{id: string, ticket_id: string, client_id: string | null, content: string, author: Author, seq: number, created_at: string, attachments: Attachment[]}} Comment
 * @typedef {{name: string}} Agent
 * @typedef {'open' | 'waiting' | 'ended'} TicketStatus
 * @typedef {{id: string, number: number, status: TicketStatus, can_reopen?: boolean, agent: Agent | null, created_at: string, seq: number, unread: number}} Ticket
 * @typedef {{status?: [TicketStatus, TicketStatus], agent?: [Agent | null, Agent | null]}} Changes
 * @typedef {{name: string, ticket_id: string, seq: number, at: string, actor: Author, comment?: Comment, changes?: Changes, source_id?: string}} ChatEvent
 * @typedef {{staff: {seen: number, delivered?: number}, customer: {seen: number}}} ReadMarks
 * @typedef {{state: 'online' | 'nobody' | 'closed', back_at: string | null, reply_minutes: number | null}} Availability
 * @typedef {{name: string | null, email: string | null, verified: boolean}} Visitor
 * @typedef {{visitor: Visitor, ticket: Ticket | null, events: ChatEvent[], has_more: boolean, epoch: number, read: ReadMarks | null, availability: Availability, known: string[], needs_prechat: boolean, place?: QueuePlace | null}} ChatState
 * @typedef {{ticket_id: string, position: number, wait: [number, number] | null}} QueuePlace
 * @typedef {{events: ChatEvent[], has_more: boolean, ticket?: Ticket | null, read?: ReadMarks, reset: boolean, epoch: number}} Replay
 * @typedef {{name: string, label: string, type: 'text' | 'email' | 'phone' | 'select' | 'checkbox', required: boolean, options?: string[]}} Field
 * @typedef {{comment_chars: number, attachment_bytes: number, attachments_per_comment: number, attachment_types: string[]}} Limits
 * @typedef {{key: string, name: string, workspace: string, greeting: string, colour: string, on_colour: string, prechat: Field[], consent: {text: string, url: string | null} | null, identified_only: boolean}} Inbox
 * @typedef {{inbox: Inbox, availability: Availability, locale: string, dir: 'ltr' | 'rtl', strings: Record<string, string>, limits: Limits, origins: string[]}} Boot
 * @typedef {{url: string, title: string, referrer: string}} Page
 * @typedef {import('../shared/outbox.js').OutboxItem} OutboxItem
 */
export {};
