#!/usr/bin/env bash
# The offline demo: a tiny checkpoint through plain lm_eval, fine-tuned, through lm_eval again, what changed, and a report of it.
# Usage: demo.sh BIN_FOLDER
set -euo pipefail
bin=$(cd "$1" && pwd)
examples=$(cd "$(dirname "$0")" && pwd)
out=$(pwd)/demo-output
rm -rf "$out"
mkdir -p "$out"
cd "$out"
# The environment was installed without compiled modules: Python keeps those that it compiles on the way.
unset PYTHONDONTWRITEBYTECODE
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TRANSFORMERS_OFFLINE=1 TOKENIZERS_PARALLELISM=false
export LMEVAL_LOG_LEVEL=ERROR PYTHONWARNINGS=ignore

trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

title() { printf '\n%s\n' "$*"; }

show() { printf '\n     $ %s\n\n' "$*"; }

# Of lm-eval's many progress bars (one per task while it builds prompts) the generation's is worth watching.
evaluate() { # NAME CHECKPOINT WORDS: the table goes to NAME.md
  local name=$1
  local command=(lm_eval --model hf --model_args "pretrained=$2" "${@:3}" --batch_size 32
    --gen_kwargs max_gen_toks=160 --output_path "$name" --log_samples)
  local shown="${command[*]}"
  show "${shown/sevenllm_\*/\'sevenllm_*\'}"
  OMP_NUM_THREADS=1 "$bin/${command[0]}" "${command[@]:1}" 2> >("$bin/python" "$examples/progress.py" "$name.log" "$name") >"$name.md"
}

# A model this small keeps one core busy: both evaluations run at once.
evaluate_both() { # WHEN CHECKPOINT
  evaluate "$1-test" "$2" "${test_rows[@]}" &
  local other=$!
  evaluate "$1-tuning" "$2" "${tuning_rows[@]}"
  wait "$other"
}

score_both() { # WHEN
  "$bin/sevenllm-bench" score --dataset embedded "$1-test" --json "$1-test.json" >/dev/null &
  local other=$!
  "$bin/sevenllm-bench" score --partial --data-dir tuning-rows --allow-modified "$1-tuning" --json "$1-tuning.json" >/dev/null
  wait "$other"
}

test_rows=(--tasks 'sevenllm_*' --metadata dataset=embedded)
# The rows that are trained on are put to the model in the place of the official file; the results say that it is not that file.
tuning_rows=(--tasks sevenllm --metadata "data_dir=tuning-rows,allow_modified=true")
mkdir tuning-rows
embedded=$("$bin/python" -c "from sevenllm_bench.data.embedded import FOLDER; print(FOLDER)")
cat "$embedded"/{en,zh}_train.jsonl >tuning-rows/test.jsonl

title "1/6  A tiny untrained checkpoint, made on the spot"
"$bin/python" "$examples/tiny_checkpoint.py" checkpoint 2>/dev/null

title "2/6  Before tuning: all 58 tasks with plain lm_eval on the embedded test rows, then the rows that it will be tuned on"
evaluate_both before checkpoint

title "3/6  Fine-tuning all weights on the embedded training rows (a minute or two)"
show sevenllm-bench finetune demo model.base=checkpoint output=tuned
"$bin/sevenllm-bench" finetune demo model.base=checkpoint output=tuned

title "4/6  After tuning: the same again"
evaluate_both after tuned
echo "     lm_eval's own tables, task by task: $out/after-test.md, after-tuning.md; before-*.md"

title "5/6  What changed, from the saved answers, without a model"
show "sevenllm-bench score --dataset embedded after-test --json after-test.json   # and so on, then examples/difference.py"
score_both before
score_both after
"$bin/python" "$examples/difference.py" before-tuning.json after-tuning.json --title "rows that it was tuned on (tasks with official rows; a few were held out)"
"$bin/python" "$examples/difference.py" before-test.json after-test.json --title "test rows, which it has not seen"

title "6/6  A report of the test rows before and after: scores, intervals, what can be told, every answer"
report=(report before-test after-test --label before-test=before --label after-test=after -o report)
show "sevenllm-bench ${report[*]}"
"$bin/sevenllm-bench" "${report[@]}"

cat <<END

A model this small learns its few rows by heart, and of new ones at most the form: that is what the two tables show. The
embedded rows are this project's own, not the benchmark. What you saw is the path that a real model takes:

  pip install ".[train]"
  sevenllm-bench finetune lora-8b output=runs/lora --dry-run    # what it would take; without --dry-run it trains
  lm_eval --model hf --model_args pretrained=Qwen/Qwen3-8B,peft=runs/lora,tokenizer=runs/lora,enable_thinking=False --tasks sevenllm \\
    --apply_chat_template --batch_size auto --output_path results --log_samples

Everything of this demo lies in $out (tables: *.md, scores: *.json, the tuned model: tuned/).

Open the report in a browser: $out/report/index.html
END
"$bin/python" "$examples/open_page.py" report/index.html
