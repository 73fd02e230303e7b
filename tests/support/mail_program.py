"""A worker in a process of its own that only sends mail; killed by the tests that start it."""

import time

from webapp import create_app
from webapp.tasks.worker import Worker

if __name__ == "__main__":
    Worker(create_app()).start()
    while True:
        time.sleep(60)
