#!/usr/bin/env bash
# Evaluates a base model, fine-tunes it, evaluates the result, and prints the difference.
# Usage: tune_and_evaluate.sh RECIPE BASE OUT [key=value …]
#   e.g. tune_and_evaluate.sh lora-8b Qwen/Qwen3-8B runs/lora data.max_rows=10000
# EVAL_ARGS holds further words for lm_eval, the same before and after, e.g.
#   EVAL_ARGS="--apply_chat_template --batch_size auto" or EVAL_ARGS="--metadata dataset=embedded --limit 4".
# MODEL_ARGS holds further model arguments, e.g. MODEL_ARGS=enable_thinking=False (of lora-8b). ROWS=embedded scores those rows.
set -euo pipefail
recipe=$1 base=$2 out=$3
shift 3
examples=$(cd "$(dirname "$0")" && pwd)
read -ra words <<<"${EVAL_ARGS:-}"

evaluate() { # NAME MODEL_ARGS
  lm_eval --model hf --model_args "$2${MODEL_ARGS:+,$MODEL_ARGS}" --tasks sevenllm --log_samples --output_path "$out/$1" "${words[@]}"
  sevenllm-bench score --partial --dataset "${ROWS:-official}" "$out/$1" --json "$out/$1.json"
}

mkdir -p "$out"
evaluate before "pretrained=$base"
sevenllm-bench finetune "$recipe" model.base="$base" output="$out/tuned" "$@"
if [ -f "$out/tuned/adapter_config.json" ]; then
  evaluate after "pretrained=$base,peft=$out/tuned,tokenizer=$out/tuned"
else
  evaluate after "pretrained=$out/tuned"
fi
python "$examples/difference.py" "$out/before.json" "$out/after.json"
