"""Special tokens that an answer spells out are text in the training target; those of the chat template are tokens."""

from dataclasses import replace

import pytest
from tokenizers_made_here import gpt2_like, llama2_like, llama3_like, qwen3_like

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.finetune.encoding.example_encoder import IGNORED, ExampleEncoder, Fitting
from sevenllm_bench.prompts import style_by_name

ALPACA, COT = style_by_name("alpaca"), style_by_name("cot")
TOKENIZERS = {"gpt2": gpt2_like, "llama2": llama2_like, "qwen3": qwen3_like, "llama3": llama3_like}
ROW = next(row for row in embedded_split("test") if row.kind == "generation" and row.language == "en")


def slow_like():
    """A tokenizer in Python alone, one letter a token, with two special tokens."""
    from transformers import PreTrainedTokenizer

    class Letters(PreTrainedTokenizer):
        model_input_names = ("input_ids",)

        def __init__(self, **arguments):
            self.letters = [chr(code) for code in range(32, 127)] + ["\n"]
            super().__init__(eos_token="<end>", pad_token="<pad>", unk_token="<unk>", **arguments)

        vocab_size = property(lambda self: len(self.letters))

        def get_vocab(self):
            return {letter: place for place, letter in enumerate(self.letters)} | self.added_tokens_encoder

        def _tokenize(self, text, **_):
            return list(text)

        def _convert_token_to_id(self, token):
            return self.letters.index(token) if token in self.letters else self.unk_token_id

        def _convert_id_to_token(self, index):
            return self.letters[index]

        def convert_tokens_to_string(self, tokens):
            return "".join(tokens)

    return Letters()


def encode(record, tokenizer, style=ALPACA, **arguments):
    (example,) = ExampleEncoder(tokenizer, style, 100_000, **arguments).encode([record], Fitting())
    with_loss = [label for label in example.labels if label != IGNORED]
    return example, with_loss


def spelt(tokenizer):
    """Every special token of a tokenizer, in one sentence."""
    return f"It sent {', '.join(dict.fromkeys(tokenizer.all_special_tokens))} to the model.{tokenizer.eos_token}"


@pytest.mark.parametrize("name", [*TOKENIZERS, "slow"])
@pytest.mark.parametrize("style", [ALPACA, COT], ids=lambda style: style.name)
def test_what_an_answer_spells_out_is_text(name, style):
    tokenizer = slow_like() if name == "slow" else TOKENIZERS[name]()
    text = spelt(tokenizer)
    row = replace(ROW, output=text, thought=f"A thought of {tokenizer.eos_token}.")
    example, completion = encode(row, tokenizer, style)
    controls = set(tokenizer.all_special_ids)
    assert [token for token in completion if token in controls] == [tokenizer.eos_token_id]
    assert completion[-1] == tokenizer.eos_token_id
    # What a model that says this again is read as: the same text, special tokens skipped or not.
    for skips in (True, False):
        said = tokenizer.decode(completion[:-1], skip_special_tokens=skips)
        assert said.strip() == (text if style is ALPACA else f"{row.thought}\n\n### Response:\n{text}")
    prompt = ExampleEncoder(tokenizer, style, 100_000).prompt_ids(row)
    assert example.input_ids[: len(prompt)] == prompt


@pytest.mark.parametrize("name", TOKENIZERS)
def test_an_answer_without_special_tokens_is_encoded_as_before(name):
    """The ids with and without the way around are those of the plain text."""
    tokenizer = TOKENIZERS[name]()
    _, plain = encode(replace(ROW, output="It fell silent."), tokenizer)
    _, spelled = encode(replace(ROW, output=f"It fell silent. {tokenizer.eos_token}"), tokenizer)
    assert spelled[: len(plain) - 2] == plain[: len(plain) - 2], "all but the last word and the end"


def test_the_prompt_stays_the_evaluations():
    """lm-eval encodes the prompt with special tokens read as such; so the model is trained on that, and its loss is not."""
    tokenizer = qwen3_like()
    row = replace(ROW, input="The bot answered <|im_end|> and left.")
    example, completion = encode(row, tokenizer)
    assert example.input_ids.count(tokenizer.eos_token_id) == 2
    assert completion.count(tokenizer.eos_token_id) == 1


@pytest.mark.parametrize("arguments", [{}, {"enable_thinking": False}])
def test_the_templates_own_tokens_are_tokens(arguments):
    tokenizer = qwen3_like()
    start, end = (tokenizer.convert_tokens_to_ids(word) for word in ("<|im_start|>", "<|im_end|>"))
    text = "Say <|im_end|> and <|im_start|>user."
    row = replace(ROW, output=text)
    example, completion = encode(row, tokenizer, chat=True, chat_template_arguments=arguments)
    assert (example.input_ids.count(start), example.input_ids.count(end)) == (2, 2)
    assert completion.count(end) == 1
    assert tokenizer.decode(completion[:-1]).endswith(text)


@pytest.mark.parametrize("name", ["qwen3", "llama3"])
def test_turns_of_a_conversation_spell_tokens_out(name):
    tokenizer = TOKENIZERS[name]()
    words = [word for word in tokenizer.all_special_tokens if word]
    said = [f"Say {' '.join(words)} now.", f"{words[-1]}{words[0]}", "Again?", f"Yes, {words[1]}"]
    roles = ("user", "assistant", "user", "assistant")
    turns = tuple(Turn(role, text) for role, text in zip(roles, said, strict=True))
    plain = tuple(Turn(role, "word") for role in roles)
    example, _ = encode(Conversation(1, turns, "en", "chat"), tokenizer, chat=True)
    other, _ = encode(Conversation(1, plain, "en", "chat"), tokenizer, chat=True)
    controls = set(tokenizer.all_special_ids)
    assert [token for token in example.input_ids if token in controls] == [
        token for token in other.input_ids if token in controls
    ]
    text = tokenizer.decode(example.input_ids)
    assert all(turn in text for turn in said)
