"""Pseudo-log-likelihood against one mask at a time, as a ratio within one run.

    python tests/perf/bench_masked_lm.py [--hidden 256] [--layers 6] [--vocabulary 50368] [--texts 8] [--batch-size 32]

The model is a ModernBERT with random weights of the size given; the default vocabulary is that of ModernBERT. The plain way is a
loop of `AutoModelForMaskedLM` over the tokens, one copy of the text per pass, as the measure is usually written. On a processor
the gain is what is saved by running the head at one place and by batching short texts; the layers themselves cost the same.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[1]))

from encoders.tiny_encoders import make_tokenizer

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.masked_lm import MaskedLanguageModel


def main() -> None:
    """Make the model, run both ways, compare."""
    parser = argparse.ArgumentParser(description="Speed of pseudo-log-likelihoods.")
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--vocabulary", type=int, default=50_368)
    parser.add_argument("--texts", type=int, default=8)
    parser.add_argument("--characters", type=int, default=100, help="of each text")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_model(Path(folder), arguments)
        choice = EncoderChoice(folder, batch_size=arguments.batch_size, device=arguments.device)
        ours = MaskedLanguageModel(choice)
        rows = [row.input for row in embedded_split("test")]
        texts = [text[: arguments.characters] for text in dict.fromkeys(rows)][: arguments.texts]
        ours.pseudo_log_likelihoods(texts[:1])
        plain_model = transformers.AutoModelForMaskedLM.from_pretrained(folder).to(arguments.device).eval()
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        plain(plain_model, tokenizer, texts[0][:40])
        begin = time.perf_counter()
        theirs = [plain(plain_model, tokenizer, text) for text in texts]
        middle = time.perf_counter()
        found = ours.pseudo_log_likelihoods(texts)
        end = time.perf_counter()
    difference = max(abs(one - other) for one, other in zip(found, theirs, strict=True))
    print(
        f"{ours.cost.parameters / 1e6:.1f} M parameters, vocabulary {arguments.vocabulary:,}, {len(texts)} texts: "
        f"largest difference {difference:.1e}\n"
        f"  one mask at a time {middle - begin:.2f} s, ours {end - middle:.2f} s, "
        f"{(middle - begin) / (end - middle):.1f} times faster (wanted: 5)"
    )


def make_model(folder: Path, arguments: argparse.Namespace) -> None:
    """A ModernBERT of the size asked for, and its tokenizer."""
    tokenizer = make_tokenizer(512)
    config = transformers.ModernBertConfig(
        vocab_size=arguments.vocabulary,
        hidden_size=arguments.hidden,
        intermediate_size=arguments.hidden * 3 // 2,
        num_hidden_layers=arguments.layers,
        num_attention_heads=max(1, arguments.hidden // 64),
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id,
    )
    torch.manual_seed(0)
    transformers.ModernBertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def plain(model: torch.nn.Module, tokenizer: transformers.PreTrainedTokenizerBase, text: str) -> float:
    """The sum over the tokens of the log-probability of each when it alone is masked."""
    ids = tokenizer(text, return_tensors="pt")["input_ids"].to(model.device)
    total = 0.0
    with torch.no_grad():
        for place in range(1, ids.shape[1] - 1):
            masked = ids.clone()
            masked[0, place] = tokenizer.mask_token_id
            logits = model(input_ids=masked, attention_mask=torch.ones_like(masked)).logits[0, place]
            total += torch.log_softmax(logits.double(), dim=-1)[ids[0, place]].item()
    return total


if __name__ == "__main__":
    main()
