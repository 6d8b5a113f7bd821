"""What a newcomer meets first: the overview, help with examples that work, and the nearest name for one that is not known."""

import io
import shlex
import subprocess
import sys
from contextlib import redirect_stdout

import pytest

from sevenllm_bench.cli.commands import COMMANDS, parsed, whole_parser
from sevenllm_bench.cli.examples import PROGRAM, examples_of
from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import unknown_options

#: Each command with actions, and its actions.
ACTIONS = {
    "tasks": ("path", "list", "show", "check", "generate"),
    "leaderboard": ("build",),
    "corpus": ("build", "collect", "check", "restore"),
    "encoders": ("run", "pipeline", "probe", "transfer", "agree", "import-mteb"),
}
OWN = [name for name in COMMANDS if name != "eval"]
ALL = [*OWN, *(f"{command} {action}" for command, actions in ACTIONS.items() for action in actions)]


def exits(words, capsys) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(words)
    said = capsys.readouterr()
    return caught.value.code, said.out, said.err


def commands_in(text: str) -> list[list[str]]:
    """The words of every command in a text, without the program's name; lines may go on after a backslash."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.strip().startswith(PROGRAM)]


def test_without_words_there_is_an_overview_with_three_commands_that_work(capsys):
    assert main([]) == 1
    said = capsys.readouterr()
    assert said.err == ""
    assert max(map(len, said.out.splitlines())) <= 80
    commands = [words for words in commands_in(said.out) if words and words[0] in COMMANDS]
    assert [words[0] for words in commands] == ["doctor", "eval", "report"]
    for name, *words in commands:
        if name != "eval":
            parsed(name, words)
    lm_eval_words(commands[1][1:])


def lm_eval_words(words):
    """What lm-eval makes of the words after `eval`; a mistake ends the program."""
    from sevenllm_bench.harness.launch import SEvenLLMCommandLine

    return SEvenLLMCommandLine()._parser.parse_args(words if words[0] in ("run", "ls") else ["run", *words])


def test_help_is_a_command_too(capsys):
    for words in (["help"], ["--help"], ["-h"]):
        code, out, _ = exits(words, capsys)
        assert code == 0
        assert all(f"  {name}" in out for name in COMMANDS)
    assert exits(["help", "score"], capsys) == exits(["score", "--help"], capsys)


@pytest.mark.parametrize("name", ALL)
def test_every_help_ends_with_examples_that_parse(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = exits([*name.split(), "--help"], capsys)
    assert code == 0
    assert out.startswith(f"usage: {PROGRAM} {name} ")
    _, _, examples = out.partition("\nexamples:\n")
    found = commands_in(examples)
    assert found
    assert max(map(len, examples.splitlines())) <= 80
    for command, *words in found:
        assert " ".join([command, *words]).startswith(name)
        words = words[: words.index(">")] if ">" in words else words
        parsed(command, words)


def test_actions_are_all_here():
    for command, actions in ACTIONS.items():
        parser = whole_parser()
        inner = parser._subparsers._group_actions[0].choices[command]
        assert tuple(inner._subparsers._group_actions[0].choices) == actions


def test_examples_of_something_else_are_none():
    assert examples_of("sevenllm-bench nothing") == ()


def test_eval_names_itself_and_its_examples_parse():
    from sevenllm_bench.harness.launch import EXAMPLES, SEvenLLMCommandLine

    line = SEvenLLMCommandLine()
    assert line._parser.format_help().startswith("usage: sevenllm-bench eval ")
    run = line._subparsers.choices["run"].format_help()
    assert run.startswith("usage: sevenllm-bench eval run ")
    assert "lm-eval" not in run
    assert "hellaswag" not in run
    for name, *words in commands_in(EXAMPLES):
        assert name == "eval"
        if "--help" not in words:
            lm_eval_words(words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scor", "x"], "unknown command 'scor'; did you mean 'score'?"),
        (["tasks", "lst"], "unknown action 'lst'; did you mean 'list'?"),
        (["tasks"], "required: ACTION (one of path, list, show, check, generate)"),
        (["leaderboard"], "required: ACTION (one of build)"),
        (["encoders", "pipelin"], "unknown action 'pipelin'; did you mean 'pipeline'?"),
        (["compare", "a", "b", "--resampels", "5"], "unknown option --resampels; did you mean --resamples?"),
        (["compare", "--resampels=5", "a", "b"], "unknown option --resampels; did you mean --resamples?"),
        (["report", "a", "--ouput", "x"], "unknown option --ouput; did you mean --output?"),
        (["corpus", "check", "a", "--agianst", "b"], "unknown option --agianst; did you mean --against?"),
        (["leaderboard", "build", "a", "-o", "b", "--modells", "c"], "unknown option --modells; did you mean --models?"),
        (["compare", "a", "b", "--by", "sectoin"], "unknown value 'sectoin'; did you mean 'section'?"),
        (["encoders", "run", "m", "-o", "d", "--kind", "biencoder"], "did you mean 'bi-encoder'?"),
        (["completion", "bsh"], "unknown shell 'bsh'; did you mean 'bash'?"),
        (["score", "a", "--zzzzzzzz"], "error: unknown option --zzzzzzzz\n"),
    ],
)
def test_an_unknown_name_gets_the_nearest(words, message, capsys):
    code, out, err = exits(words, capsys)
    assert (code, out) == (2, "")
    assert message in err


def test_values_beginnings_and_what_follows_two_dashes_are_no_unknown_options(capsys):
    known = ("-h", "--help", "--resamples", "--json")
    assert list(unknown_options(["--resam", "5", "--json=-", "x", "-y", "--", "--odd"], known)) == []
    assert list(unknown_options(["--jsn=--x"], known)) == ["unknown option --jsn; did you mean --json?"]
    code, _, err = exits(["score"], capsys)
    assert code == 2
    assert "unknown option" not in err


def test_evals_unknown_tasks_and_options_get_the_nearest_too(monkeypatch, capsys):
    from sevenllm_bench.harness import launch

    assert "did you mean sevenllm_en_mcq and sevenllm?" in launch._hint("Tasks not found: sevenllm_en_mqc, sevenlm, zzz")
    assert "did you mean" not in launch._hint("Tasks not found: zzz")
    assert launch._hint("another mistake") == ""
    monkeypatch.setattr(sys, "argv", ["lm_eval", "run", "--taks", "x"])
    with pytest.raises(SystemExit) as caught:
        launch.SEvenLLMCommandLine().parse_args()
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert "sevenllm-bench eval: error: " in said
    assert "unknown option --taks; did you mean --tasks?" in said


def test_overview_and_help_load_nothing_heavy():
    code = (
        "import sys; from sevenllm_bench.cli.main import main\n"
        "main([])\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('rich', 'numpy', 'yaml', 'lm_eval', 'shtab', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


@pytest.fixture(scope="module")
def bash_script(tmp_path_factory):
    file = tmp_path_factory.mktemp("completion") / "script"
    shown = io.StringIO()
    with redirect_stdout(shown):
        assert main(["completion", "bash"]) == 0
    file.write_text(shown.getvalue(), encoding="utf-8")
    (file.parent / "results-of-A").mkdir()
    return file


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["ver"], ["verify"]),
        (["encoders", "import"], ["import-mteb"]),
        (["compare", "--resam"], ["--resamples"]),
        (["compare", "a", "--by", "la"], ["language"]),
        (["compare", "results-o"], ["results-of-A"]),
        (["leaderboard", "build", "--mod"], ["--models"]),
    ],
)
def test_bash_completes_commands_actions_options_choices_and_files(words, completed, bash_script):
    code = (
        f'cd {bash_script.parent}; source ./script; COMP_WORDS=({PROGRAM} "$@"); COMP_CWORD=$#; _shtab_sevenllm_bench; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", code, "bash", *words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == completed


def test_without_shtab_the_error_has_the_line_that_installs_it(monkeypatch, capsys):
    monkeypatch.setattr("sevenllm_bench.preflight.find_spec", lambda name: None)
    assert main(["completion", "zsh"]) == 2
    assert 'pip install "sevenllm-bench[completion]"' in capsys.readouterr().err
