"""`sevenllm-bench finetune` under a limit on the size of files, at which writing weights fails as on a full disk."""

import resource
import sys

from sevenllm_bench.cli.main import main

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (100 << 10, 100 << 10))
    sys.exit(main(["finetune", *sys.argv[1:]]))
