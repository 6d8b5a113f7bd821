"""Further arguments of TRL's trainer: those that would break a promise are refused, those that libraries refuse are one line."""

import pytest
from finetune_runs import QUICK, make_base

from sevenllm_bench.cli.main import main

SHORT = (*QUICK, "data.max_rows=2", "data.packing=false", "data.held_out=0", "training.max_steps=1")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base"))


def refused(base, tmp_path, capsys, *changes):
    assert main(["finetune", "demo", f"model.base={base}", f"output={tmp_path / 'out'}", *SHORT, *changes]) == 2
    assert not (tmp_path / "out").exists()
    return capsys.readouterr()


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("save_only_model: true", "goes on from the optimizer's state"),
        ("ignore_data_skip: true", "rows that it has not seen"),
        ("auto_find_batch_size: true", "training.batch_size"),
        ("eos_token: <x>", "the tokenizer is the base's"),
        ("pad_token: <x>", "the tokenizer is the base's"),
        ("chat_template_path: x", "the tokenizer is the base's"),
        ("dataloader_drop_last: true", "held-out loss is taken of every row"),
        ("eval_do_concat_batches: false", "held-out loss is taken of every row"),
        ("fsdp: true", "training.sharding"),
        ("load_best_model_at_end: true", "evaluation.best"),
        ("logging_strategy: 'no'", "training.log_every"),
        ("model_init_kwargs: {}", "the section model"),
    ],
)
def test_what_would_break_a_promise_in_silence_is_refused_before_any_work(base, tmp_path, capsys, argument, why):
    printed = refused(base, tmp_path, capsys, f"training.trainer={{{argument}}}")
    assert why in printed.err
    assert "reading" not in printed.out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("training.trainer={adam_beta1: 1.5}", "training.optimizer=adamw_torch_fused: refused (Invalid beta parameter"),
        ("training.trainer={optim_args: 5}", "training.optimizer=adamw_torch_fused: refused"),
        ("training.trainer={lr_scheduler_kwargs: 5}", "training.scheduler=cosine: refused"),
        ("training.scheduler=warmup_stable_decay", "training.scheduler=warmup_stable_decay: refused"),
        ("training.trainer={log_level: loud}", "the trainer can't be set up: 'loud'"),
    ],
)
def test_what_the_libraries_refuse_is_one_line(base, tmp_path, capsys, change, said):
    assert said in refused(base, tmp_path, capsys, change).err
