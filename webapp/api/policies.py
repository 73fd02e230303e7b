"""Service level policies: what is promised to whom, in the order in which they are tried."""

import uuid
from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.sla import OrderIn, PolicyIn, PolicyOut, PolicyPatch, policy_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import sla

bp = staff_views("policies_api", __name__)


@bp.get("/policies")
@access("settings:manage")
@answers(data=list[PolicyOut], next_cursor=str | None)
def list_policies(query: PageQuery) -> Any:
    """The policies in the order in which they are tried."""
    with read_only():
        rows = sla.list_policies()
        page, cursor = cut(rows, query, lambda row: (row.position, str(row.id)), int, str)
        return page_out(page, cursor, policy_out)


@bp.post("/policies")
@access("settings:manage")
@answers(201, policy=PolicyOut, may=(409,))
def create_policy(body: PolicyIn) -> Any:
    """Makes a policy, tried last."""
    with transaction():
        return created({"policy": policy_out(sla.create_policy(body))})


@bp.put("/policies/order")
@access("settings:manage")
@answers(policy_ids=list[uuid.UUID], may=(409,))
def order_policies(body: OrderIn) -> Any:
    """Puts the policies in another order, which names each once."""
    with transaction():
        return {"policy_ids": [str(row.id) for row in sla.order_policies(body.policy_ids)]}


@bp.get("/policies/<id>")
@access("settings:manage")
@answers(policy=PolicyOut)
def read_policy(path: IdPath) -> Any:
    """A policy."""
    with read_only():
        return {"policy": policy_out(sla.policy_row(path.id))}


@bp.patch("/policies/<id>")
@access("settings:manage")
@matching(read_policy)
@answers(policy=PolicyOut, may=(409,))
def update_policy(path: IdPath, body: PolicyPatch) -> Any:
    """Sets what is named. Open tickets follow with their next event, or by `POST /sla/recalculation`."""
    with transaction():
        found = sla.policy_row(path.id, lock=True)
        return {"policy": policy_out(sla.update_policy(path.id, body.over(found)))}


@bp.delete("/policies/<id>")
@access("settings:manage")
@answers(204, may=(409,))
def delete_policy(path: IdPath) -> Any:
    """Deletes a policy; clocks that ended under it keep its name."""
    with transaction():
        sla.delete_policy(path.id)
    return nothing()
