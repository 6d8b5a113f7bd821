"""Keys, tokens and passwords, by the names and forms that providers and servers give them, and what only looks alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.io.secrets import REMOVED, secrets_in, without_secrets

#: Written for this test, of the forms that the providers document; none of them was ever in use.
LETTERS = "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb7d"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
KEYS = [
    f"hf_{LETTERS}",
    f"sk-{LETTERS}",
    f"sk-proj-{LETTERS}",
    f"sk-ant-api03-{LETTERS}",
    f"sk-or-v1-{LETTERS}",
    f"sk_live_{LETTERS}",
    f"gsk_{LETTERS}",
    f"xai-{LETTERS}",
    f"nvapi-{LETTERS}",
    f"pplx-{LETTERS}",
    f"r8_{LETTERS}",
    f"tgp_v1_{LETTERS}",
    f"ghp_{LETTERS}",
    f"github_pat_11AA_{LETTERS}",
    f"glpat-{LETTERS}",
    f"xoxb-12345-{LETTERS}",
    f"AIza{LETTERS[:35]}",
    f"ya29.{LETTERS}",
    "AKIAIOSFODNN7EXAMPLE",
    f"npm_{LETTERS}",
    f"pypi-AgEIcHlwaS5vcmc{LETTERS}",
    JWT,
    f"Bearer {LETTERS}",
]
NAMES = [
    *(
        "api_key",
        "api-key",
        "apikey",
        "apiKey",
        "API_KEY",
        "X-Api-Key",
        "x-api-key",
        "xApiKey",
        "x-goog-api-key",
        "OPENAI_API_KEY",
    ),
    *("access_key", "accessKey", "AWS_SECRET_ACCESS_KEY", "secret_key", "private_key", "Ocp-Apim-Subscription-Key", "azure_key"),
    *("auth", "X-Auth", "http_auth", "authorization", "Authorization", "Proxy-Authorization", "bearer", "Cookie", "Set-Cookie"),
    *("token", "HF_TOKEN", "auth_token", "accessToken", "hub_token", "X-Auth-Token", "refresh-token", "api_tokens", "my_token"),
    *("password", "PASSWORD", "db_passwd", "passphrase", "secret", "client_secret", "credentials", "key"),
]
HARMLESS_NAMES = [
    *(
        "max_gen_toks",
        "max_tokens",
        "max_new_tokens",
        "num_tokens",
        "tokens_per_second",
        "tokenizer",
        "tokenizer_mode",
        "tokenized",
    ),
    *(
        "pad_token",
        "eos_token",
        "bos_token",
        "unk_token",
        "think_end_token",
        "tokenizer_pad_token",
        "eot_token_id",
        "add_bos_token",
    ),
    *(
        "sort_key",
        "primary_key",
        "answer_key",
        "keys",
        "keyboard",
        "author",
        "authors",
        "passage",
        "secretary",
        "doc_hash",
        "sha256",
    ),
    *("model", "pretrained", "revision", "task_hash", "prompt_hash", "chat_template_sha", "signature", "metadata", "basic"),
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "text", ["{}", "the key is {}, see above", "a={},b=1", "line\n{}\nline", '"{}"', "https://host/v1?x={}&y=1"]
)
def test_values_of_known_forms(key, text):
    found = without_secrets(text.format(key))
    assert key.removeprefix("Bearer ") not in found
    assert found.replace(REMOVED, "").strip('"') == text.format("").strip('"') or "x=" in text


@pytest.mark.parametrize("name", NAMES)
def test_names_in_any_spelling(name):
    assert without_secrets({name: "hunter2hunter"}) == {name: REMOVED}
    assert without_secrets({"a": [{name: ["hunter2hunter"]}]}) == {"a": [{name: [REMOVED]}]}


@pytest.mark.parametrize("name", [name for name in NAMES if name.lower() not in ("auth", "bearer", "key")])
@pytest.mark.parametrize("text", ["{}={}", "model=a/b,{}={},dtype=auto", '{{"{}": "{}"}}', "{}: {}", "header={}:{}"])
def test_names_in_texts(name, text):
    assert without_secrets(text.format(name, "hunter2hunter")) == text.format(name, REMOVED)


@pytest.mark.parametrize("name", ["key", "api_key", "token", "auth", "access-key", "X-Api-Key"])
def test_names_in_addresses(name):
    assert without_secrets(f"base_url=https://h/v1?a=1&{name}=Hunter2,x=1") == f"base_url=https://h/v1?a=1&{name}={REMOVED},x=1"
    assert without_secrets(f"https://h/v1?{name}=Hunter2") == f"https://h/v1?{name}={REMOVED}"


def test_users_in_addresses_and_headers_of_several_words():
    assert without_secrets("https://user:pass@host/v1") == f"https://{REMOVED}@host/v1"
    assert without_secrets("Authorization: Basic dXNlcjpwYXNzd29yZA==") == f"Authorization: {REMOVED}"
    assert without_secrets("Authorization: Token abc def") == f"Authorization: {REMOVED}"
    assert without_secrets({"header": "Cookie: a=b; c=d"}) == {"header": f"Cookie: {REMOVED}"}


def test_private_keys():
    body = "MIIEvQIBADANBgkqhkiG9w0\n" * 20
    for kind in ("", "RSA ", "OPENSSH ", "EC "):
        pem = f"-----BEGIN {kind}PRIVATE KEY-----\n{body}-----END {kind}PRIVATE KEY-----"
        assert without_secrets(f"a\n{pem}\nb") == f"a\n{REMOVED}\nb"
        assert without_secrets(pem[:100]) == REMOVED


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_names_that_only_look_alike(name):
    for value in ("some-value-7", "0123456789abcdef" * 4, ["a", "b"], 5, None, True):
        assert without_secrets({name: value}) == {name: value}
    assert without_secrets(f"{name}=value7,a=b") == f"{name}=value7,a=b"


@pytest.mark.parametrize(
    "value",
    [
        *("Qwen/Qwen3-8B-Instruct-2507", "meta-llama/Llama-3.1-8B", "jina-embeddings-v2-base-code-en", "sk-learn"),
        *("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "0123456789abcdef" * 4, "a" * 40),
        "pretrained=org/name,dtype=bfloat16,max_length=4096,trust_remote_code=True,pad_token=<pad>",
        "The basic configuration. A bearer channel; basic understanding/reasoning; key: value; a key = a value",
        "https://medium.com/@someone/post, https://host/v1/chat/completions?limit=5",
        "{%- if tools %}{{ bos_token + message['key'] }}{% set key = 'a' %}{{ eos_token }}",
    ],
)
def test_texts_without_a_secret(value):
    assert without_secrets(value) == value


@pytest.mark.parametrize(
    "value", ["", "none", "EMPTY", "null", "true", "0", "2000", "<pad>", "[removed]", "${HF_TOKEN}", "$HF_TOKEN"]
)
def test_values_that_are_no_secret_under_any_name(value):
    assert without_secrets({"api_key": value, "token": value}) == {"api_key": value, "token": value}


def test_templates_lose_what_has_the_form_of_a_key_alone():
    template = "{{ messages['api_key'] }} token: x password=abc"
    assert without_secrets({"chat_template": template}) == {"chat_template": template}
    assert without_secrets({"chat_template": f"{template} {KEYS[0]}"}) == {"chat_template": f"{template} {REMOVED}"}


def test_keys_of_objects_and_other_values():
    assert without_secrets({KEYS[0]: 1, 5: [None, 1.5, True]}) == {REMOVED: 1, 5: [None, 1.5, True]}
    deep = "x"
    for _ in range(60):
        deep = [deep]
    assert REMOVED in str(without_secrets(deep))


def test_places_of_secrets():
    value = {"a": {"b": [1, {"api_key": "hunter2"}]}, "c": f"see {KEYS[1]}", "d": "x", KEYS[0]: 1}
    assert list(secrets_in({k: value[k] for k in "acd"})) == ["a.b[1].api_key", "c"]
    assert list(secrets_in(value)) == ["its top"]
    assert list(secrets_in({"token": "<pad>"})) == []


@given(st.recursive(st.none() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=20))
def test_what_is_clean_stays_as_it_is(value):
    once = without_secrets(value)
    assert without_secrets(once) == once
    assert not list(secrets_in(once))


PIECES = [
    "api_key",
    "token",
    "=",
    ":",
    " ",
    ",",
    "&",
    "?",
    '"',
    "Bearer ",
    "Authorization",
    LETTERS,
    "sk-",
    "hf_",
    "://",
    "@",
    "]",
    "[",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_texts_of_pieces_of_secrets_are_clean_after_one_pass(text):
    once = without_secrets(text)
    assert without_secrets(once) == once


def test_long_texts_are_read_in_linear_time():
    for piece in ("api_key=", "a" * 50 + "=", "Authorization: ", "Bearer ", "://", "-----BEGIN PRIVATE KEY-----", "sk-", "eyJa"):
        long = piece * (200_000 // len(piece))
        assert without_secrets(without_secrets(long)) == without_secrets(long)
