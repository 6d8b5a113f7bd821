"""A program that is told to end ends, also where a library swallows everything."""

import subprocess
import sys

SWALLOWS = """
import os, signal
from sevenllm_bench.io.termination import end_in_order, raise_if_terminated
end_in_order()
raise_if_terminated()
try:
    os.kill(os.getpid(), signal.SIGTERM)
except:
    print("swallowed", flush=True)
raise_if_terminated()
print("went on")
"""
IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SWALLOWS


def run(script):
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_a_lost_signal_is_raised_again():
    done = run(SWALLOWS)
    assert (done.returncode, done.stdout) == (143, "swallowed\n")


def test_a_program_started_to_ignore_it_does():
    assert run(IGNORES).stdout == "went on\n"
