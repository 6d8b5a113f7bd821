#!/usr/bin/env bash
# From a folder of reports to a fine-tuned tiny model, offline. The "model" that writes the rows is a script on this machine
# (examples/corpus/scripted_model.py), so the corpus shows the path, not what a language model would write.
# Usage: corpus.sh BIN_FOLDER
set -euo pipefail
bin=$(cd "$1" && pwd)
examples=$(cd "$(dirname "$0")" && pwd)
out=$(pwd)/corpus-output
rm -rf "$out"
mkdir -p "$out"
cp -r "$examples/corpus/reports" "$examples/corpus/build.yaml" "$out"
cd "$out"
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TRANSFORMERS_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONWARNINGS=ignore

title() { printf '\n%s\n' "$*"; }

run() {
  printf '\n     $ sevenllm-bench %s\n\n' "$*"
  "$bin/sevenllm-bench" "$@"
}

title "1/6  A scripted model server on this machine (rules, no language model)"
"$bin/python" "$examples/corpus/scripted_model.py" --flawed 0.2 >server.log &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 100); do grep -q http server.log && break || sleep 0.1; done
export OPENAI_BASE_URL
OPENAI_BASE_URL=$(grep -o 'http://[^ ]*' server.log | head -1)
cat server.log

title "2/6  What a build would take"
run corpus build build.yaml --dry-run

title "3/6  The build: collect, select tasks, write rows, check them"
run corpus build build.yaml

title "4/6  The training file beside the benchmark's embedded rows"
run corpus check corpus/train.jsonl --against embedded -o corpus/train-checked.jsonl

title "5/6  A tiny untrained checkpoint, made on the spot"
"$bin/python" "$examples/tiny_checkpoint.py" checkpoint 2>/dev/null

title "6/6  Fine-tuning on the new corpus (a minute or two)"
run finetune demo model.base=checkpoint output=tuned data.source=corpus/train.jsonl data.leak_guard=embedded training.epochs=2

cat <<END

Read the rows, and accept, reject or edit them: $out/corpus/review/index.html
The data card: $out/corpus/README.md   what was left out, and why: $out/corpus/rejected/
END
