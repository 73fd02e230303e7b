"""Verbs on a noun: all business rules. Plain functions that flush and never commit."""
