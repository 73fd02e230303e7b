"""A worker in a process of its own, whose job writes each of its starts to the file it is given."""

import os
import sys
import time
from pathlib import Path

from webapp import create_app
from webapp.tasks.worker import Worker, job

if __name__ == "__main__":
    notes = Path(sys.argv[1])

    @job("slow")
    def _slow(params: dict, job_id: object) -> None:
        with notes.open("a") as file:
            file.write(f"{os.getpid()} {job_id}\n")
        time.sleep(params["seconds"].pop(0) if len(notes.read_text().splitlines()) == 1 else 0)

    Worker(create_app()).start()
    time.sleep(60)
