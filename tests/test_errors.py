import subprocess
import sys


def _run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_users_mistake_ends_a_process_with_its_message_and_exit_code_2():
    done = _run(
        "from sevenllm_bench.errors import *\ninstall_excepthook(); install_excepthook()\nraise DataError('no such file')"
    )
    assert done.returncode == 2
    assert done.stderr == "sevenllm-bench: error: no such file\n"


def test_other_exceptions_keep_their_traceback():
    done = _run("from sevenllm_bench.errors import install_excepthook\ninstall_excepthook()\nraise ValueError('bug')")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ValueError: bug" in done.stderr
