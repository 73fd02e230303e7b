"""Starts a program that ends when its starter does, as another user if asked: nothing outlives a test run.

    python guard.py PARENT_PID SIGNAL USER_ID COMMAND...

It is a program of its own because the usual way, `preexec_fn`, is not safe in a process with threads. A
change of user clears the parent-death signal, so the order matters.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: str, signal: str, user: str, *command: str) -> None:
    """Become the command."""
    if int(user) != os.geteuid():
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal))
        if os.getppid() != int(parent):  # it died while we came up
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
