"""The live board: how the desk stands at this moment."""

from webapp.services.now.board import Board, read_board
from webapp.services.now.numbers import NUMBERS, tickets_behind

__all__ = ["NUMBERS", "Board", "read_board", "tickets_behind"]
