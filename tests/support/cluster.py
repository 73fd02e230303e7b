"""Two servers on a PostgreSQL and a Valkey of their own, each behind a line that can be spoiled."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Database
from tests.support.live import Site
from tests.support.postgres import SOCKET, Postgres
from tests.support.proxy import Proxy
from tests.support.valkey import Valkey


@dataclass(frozen=True)
class Cluster:
    """`site` has the two servers; what it asks itself passes no line."""

    site: Site
    postgres: Postgres
    valkey: Valkey
    database_line: Proxy
    redis_line: Proxy

    def mend(self) -> None:
        """Everything goes on as before."""
        self.postgres.resume()
        self.valkey.resume()
        self.database_line.mend()
        self.redis_line.mend()


@contextmanager
def cluster(folder: Path, **settings: str) -> Iterator[Cluster]:
    """It runs inside the block; what it leaves behind is looked at afterwards.

    `settings`: the servers', over those of the suite.
    """
    with ExitStack() as running:
        postgres = running.enter_context(Postgres(durable=True))
        valkey = running.enter_context(Valkey())
        path = folder / SOCKET
        database_line = running.enter_context(Proxy(postgres.socket, path=path))
        redis_line = running.enter_context(Proxy(("127.0.0.1", valkey.port)))
        database = Database("postgresql", folder, postgres)
        served = {
            "DATABASE_URL": database.url.replace(str(postgres.folder), str(folder)),
            "DATABASE_WAIT_SECONDS": "10",
            "REDIS_URL": f"redis://127.0.0.1:{redis_line.port}/0",
            "REVOCATION_POLL_SECONDS": "1",
        }
        site = Site(database.settings(), folder, servers=2, **{**served, **settings})
        made = Cluster(running.enter_context(site), postgres, valkey, database_line, redis_line)
        running.callback(made.mend)
        yield made
