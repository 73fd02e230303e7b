"""Reports over so long that nobody waits for them on a page, and lists too long to be sent at once."""

import uuid
from typing import Any

from webapp import clock
from webapp.services.export import export_path
from webapp.services.report import compute, sheets
from webapp.signing import export_url
from webapp.tasks.worker import job, report_progress
from webapp.tenancy import require_workspace_id


@job(compute.TYPE)
def find_answers(params: dict[str, Any], job_id: uuid.UUID) -> dict[str, Any]:
    """Finds a screen's figures one after the other; they are kept on the job."""

    def tell(percent: float) -> None:
        report_progress(job_id, percent, f"{percent:.0f} % of the figures")

    return compute.find_answers(params, tell)


@job(sheets.ROWS)
def write_rows(params: dict[str, Any], job_id: uuid.UUID) -> dict[str, Any]:
    """Writes the rows behind a figure to a file; its result says where it is, as an export's."""

    def tell(done: int, total: int) -> None:
        report_progress(job_id, min(100 * done / max(total, 1), 100), f"{done:,} of {total:,} rows")

    final = export_path(job_id, "csv")
    final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = final.with_suffix(f".{uuid.uuid4().hex}.part")
    try:
        count = sheets.write_rows(params, partial, tell)
        partial.chmod(0o600)
        size = partial.stat().st_size
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    name = f"{params['metric']}-{clock.now():%Y-%m-%d}.csv"
    url = export_url(require_workspace_id(), job_id, name)
    return {"file_url": url, "file_name": name, "row_count": count, "bytes": size}
