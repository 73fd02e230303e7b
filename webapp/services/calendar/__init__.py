"""Calendars: when a team works. `business` has the arithmetic of it, which knows no database."""
