"""What keys, tokens and passwords look like: names of fields and headers in any spelling, and known shapes of values."""

from __future__ import annotations

import re

#: Parts of a name, in lower case: "X-Api-Key", "xApiKey", "api_key" and "API_KEY" all end in "api", "key".
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ALONE = re.compile("apikey|accesskey|secretkey|authkey|apitoken|authtoken|accesstoken|auth|bearer|key|token|jwt")
#: The last part of a name that is a secret's whatever stands before it.
_ENDINGS = re.compile("apikey|secrets?|passwords?|passwd|passphrase|passcode|pwd|credentials?|authorization|cookies?")
#: Before "key": whose key it is. Other keys sort, group or name something.
_OF_A_KEY = re.compile(
    "access|account|admin|anthropic|api|app|application|auth|authorization|aws|azure|client|cohere|consumer|dashscope|deepseek|"
    "encryption|fireworks|functions?|gemini|google|groq|hf|host|huggingface|master|mistral|moonshot|nvidia|openai|openrouter|"
    "private|qwen|secret|service|session|shared|signing|ssh|storage|subscription|together|user|wandb|x|xai|zhipu"
)
#: Before "token": what a tokenizer, a template or a budget has. Other tokens are somebody's.
_OF_A_TOKENIZER = re.compile(
    "add|added|additional|audio|begin|bos|boundary|channel|cls|completion|decoder|end|eos|eot|extra|first|forced|gen|generated|"
    "generation|image|input|last|mask|max|min|new|next|num|number|output|pad|per|prefix|prompt|reasoning|replace|sep|skip|special|"
    "start|stop|suffix|think|thinking|tokenizer|total|trailing|unk|use|video|vocab"
)
_OF_TOKENS = re.compile("access|api|auth|bearer|hf|refresh")
#: Words that are also common in plain text: there they count in the query of an address only.
_IN_ADDRESSES_ONLY = ("key", "auth", "jwt", "bearer")
_HARMLESS = re.compile(
    r"(?i)(?:none|null|true|false|empty|auto|yes|no|dummy|unused|env|n/?a|-?[0-9]{1,6}(?:\.[0-9]*)?|<[^>]*>|\[[^\]]*\]|\$\{?\w+\}?)?"
)

#: Values that are keys whatever they are called, by the forms that providers give them.
_SHAPES = (
    r"hf_[A-Za-z0-9]{16,}",
    r"api_org_[A-Za-z0-9]{16,}",
    r"sk-[A-Za-z0-9_-]{16,}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",
    r"(?:gsk_|csk-|tvly-(?:dev-)?|pplx-|r8_|fw_|tgp_v1_|lsv2_[a-z]{2}_|dop_v1_|npm_|jina_|xai-)[A-Za-z0-9]{20,}",
    r"(?:nvapi|glpat)-[A-Za-z0-9_-]{20,}",
    r"gh[pousr]_[A-Za-z0-9]{30,}",
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"AIza[A-Za-z0-9_-]{35}",
    r"ya29\.[A-Za-z0-9_-]{20,}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])",
    r"pypi-AgE[A-Za-z0-9_-]{20,}",
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
)
SHAPES = re.compile(r"(?<![A-Za-z0-9_-])(?:" + "|".join(_SHAPES) + ")")
#: A private key, whole or cut.
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.DOTALL)
#: User and password in an address; what follows "Bearer" and "Basic".
ADDRESS = re.compile(r"(://)[^/@\s\"'\[]+@")
SCHEME = re.compile(
    r"\b(?:(?:Bearer|BEARER)\s+|bearer\s+(?=[A-Za-z._~+/=-]*[0-9]))[A-Za-z0-9._~+/=-]{8,}"
    r"|\b[Bb]asic\s+(?=[A-Za-z+/]*[0-9=])[A-Za-z0-9+/]{8,}={0,2}(?![\w-])"
)
#: A header that holds several words, in a text.
HEADER = re.compile(
    r"""(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s{0,3}[=:]\s{0,3}["']?)([^\[\]\s"',}][^\]"',}\n]*)"""
)
#: A name and its value in a text: `name=value` as in model arguments and addresses, `name: value` as in headers and JSON.
NAMED = re.compile(
    r"""(?P<before>[?&]?)(?P<name>[A-Za-z][A-Za-z0-9_.-]{0,60})(?P<between>["']?[=:]\s{0,3}["']?)"""
    r"""(?P<value>[^,\s&"'}\]\[;]+)"""
)


def is_secret_name(name: str) -> bool:
    """Whether a field, header or parameter of this name holds a key, a token or a password."""
    parts = [part.lower() for part in _PARTS.findall(name)] if len(name) <= 80 else []
    last, before = (parts[-1:] or [""])[0], (parts[-2:-1] or [""])[0]
    if _ENDINGS.fullmatch(last) or len(parts) == 1:
        return bool(_ENDINGS.fullmatch(last) or _ALONE.fullmatch(last))
    if last in ("key", "keys"):
        return bool(_OF_A_KEY.fullmatch(before))
    if last in ("token", "tokens"):
        return bool(_OF_TOKENS.fullmatch(before)) or (last == "token" and bool(before) and not _OF_A_TOKENIZER.fullmatch(before))
    return last == "auth" and before in ("api", "basic", "http", "proxy", "x")


def is_secret_in_text(match: re.Match[str]) -> bool:
    """Whether a match of `NAMED` is a secret: a name that is also a common word counts in addresses only."""
    name = match["name"]
    if name.lower() in _IN_ADDRESSES_ONLY and not match["before"]:
        return False
    return is_secret_name(name) and not is_harmless(match["value"])


def is_harmless(value: str) -> bool:
    """Whether a value is no secret whatever its name: nothing, a switch, a small number, a special token, a variable's name."""
    return _HARMLESS.fullmatch(value.strip()) is not None
