"""The audit log: every administrative act and every access to personal data, in a chain.

`keep` writes what the catalogue marks into the log in the act's own transaction; `note_access` is for what
changes nothing. `verify` walks the chain. docs/audit.md says how.
"""

from webapp.services.audit.chain import canonical
from webapp.services.audit.keeping import keep, note_access, wants_note
from webapp.services.audit.reading import count_entries, list_entries, stream_entries, who_acted
from webapp.services.audit.refusal import find_refused, keep_refusal, note_refusal
from webapp.services.audit.verifying import (
    Verdict,
    enqueue_check,
    find_head,
    keep_verdict,
    request_check,
    verify,
)

__all__ = [
    "Verdict",
    "canonical",
    "count_entries",
    "enqueue_check",
    "find_head",
    "find_refused",
    "keep",
    "keep_refusal",
    "keep_verdict",
    "list_entries",
    "note_access",
    "note_refusal",
    "request_check",
    "stream_entries",
    "verify",
    "wants_note",
    "who_acted",
]
