"""Compressed answers, for pages that hold no secret beside reflected input (BREACH)."""

import gzip
from functools import lru_cache

from flask import Response, request


def compressed(response: Response) -> Response:
    """The answer gzipped, where the asker takes it and it is worth it."""
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) > 500 and "gzip" in request.accept_encodings and response.status_code == 200:
        response.set_data(_gzip(body))
        response.headers["Content-Encoding"] = "gzip"
    return response


@lru_cache(maxsize=64)
def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=9, mtime=0)
