"""Service levels: which times are promised, how they are counted, and when they are kept."""

from webapp.services.sla.clocks import Rules, follow, read_history, rebuild, refresh, rules_now
from webapp.services.sla.editing import (
    check_policy,
    create_policy,
    delete_policy,
    list_policies,
    order_policies,
    policy_row,
    update_policy,
)
from webapp.services.sla.fold import Clock, Happening, Verdict, fold
from webapp.services.sla.listing import page_of_clocks
from webapp.services.sla.overdue import calculate_sla_hours, calculate_sla_remaining, find_sla_breaches
from webapp.services.sla.policy import DEFAULT_POLICY, Policy, load_policies, policy_for, policy_of

__all__ = [
    "DEFAULT_POLICY",
    "Clock",
    "Happening",
    "Policy",
    "Rules",
    "Verdict",
    "calculate_sla_hours",
    "calculate_sla_remaining",
    "check_policy",
    "create_policy",
    "delete_policy",
    "find_sla_breaches",
    "fold",
    "follow",
    "list_policies",
    "load_policies",
    "order_policies",
    "page_of_clocks",
    "policy_for",
    "policy_of",
    "policy_row",
    "read_history",
    "rebuild",
    "refresh",
    "rules_now",
    "update_policy",
]
