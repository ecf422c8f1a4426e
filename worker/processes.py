"""Children that do not outlive us."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def die_with_parent(signum: signal.Signals) -> Callable[[], None] | None:
    """What a child must do between fork and exec so that the kernel sends it ``signum`` when we are gone.

    None where that cannot be had: the kernel acts when the *thread* that forked ends, so only the main thread's word is
    good, and only Linux has it.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
        if os.getppid() != parent:  # we died before it asked
            os._exit(1)

    return ask_the_kernel
