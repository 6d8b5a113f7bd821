#!/usr/bin/env bash
# The offline demo: a tiny checkpoint, all 58 tasks through plain lm_eval, the figures. Usage: demo.sh BIN_FOLDER
set -euo pipefail
bin=$(cd "$1" && pwd)
examples=$(cd "$(dirname "$0")" && pwd)
out=$(pwd)/demo-output
rm -rf "$out"
mkdir -p "$out"
cd "$out"
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TRANSFORMERS_OFFLINE=1 TOKENIZERS_PARALLELISM=false

echo
echo "1/3  A tiny untrained checkpoint, made on the spot"
"$bin/python" "$examples/tiny_checkpoint.py" "$out/checkpoint" 2>/dev/null

echo
echo "2/3  All 58 tasks with plain lm_eval, on the embedded rows (28 tasks + MCQ, English and Chinese)"
command=(lm_eval --model hf --model_args "pretrained=$out/checkpoint" --tasks 'sevenllm_*' --metadata dataset=embedded
  --batch_size 32 --gen_kwargs max_gen_toks=32 --output_path "$out/results" --log_samples)
printf '\n     $ %s\n\n' "${command[*]}"
# Of lm-eval's many progress bars (one per task while it builds prompts) the generation's is worth watching.
LMEVAL_LOG_LEVEL=ERROR PYTHONWARNINGS=ignore "$bin/${command[0]}" "${command[@]:1}" 2> >("$bin/python" "$examples/progress.py") | tee "$out/table.md"

echo
echo "3/3  The same answers scored again from the saved samples, by section, without a model"
printf '\n     $ sevenllm-bench score --dataset embedded %s\n' "$out/results"
"$bin/sevenllm-bench" score --dataset embedded "$out/results" --json "$out/scores.json"

cat <<END

The checkpoint is untrained, so these scores are about zero; what you saw is the real path that a real model takes.
The embedded rows are this project's own, not the benchmark. Next, with a real model and the official 1,300 rows:

  pip install ".[hf]"
  lm_eval --model hf --model_args pretrained=Qwen/Qwen3-8B,enable_thinking=False --tasks sevenllm --apply_chat_template \\
    --batch_size auto --output_path results --log_samples

Everything of this demo lies in $out (table.md, scores.json, results/).
END
