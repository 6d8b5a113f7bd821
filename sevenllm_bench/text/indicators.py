"""Indicators of compromise in running text: found whole, and refanged so that defanged spellings compare equal."""

from __future__ import annotations

import re

#: Defanged spellings and what they stand for, e.g. hxxps[:]//evil[.]example.
_REFANG = (
    (re.compile(r"h[x*]{2}ps", re.IGNORECASE), "https"),
    (re.compile(r"h[x*]{2}p", re.IGNORECASE), "http"),
    (re.compile(r"[\[({]\s?\.\s?[\])}]|(?<=\w)[\[({]dot[\])}](?=\w)", re.IGNORECASE), "."),
    (re.compile(r"[\[({]\s?:\s?[\])}]"), ":"),
    (re.compile(r"[\[({]@[\])}]|(?<=\w)[\[({]at[\])}](?=\w)", re.IGNORECASE), "@"),
    (re.compile(r"\[\s?(://|/)\s?\]"), r"\1"),
)
#: How every defanged spelling begins.
_MAY_BE_DEFANGED = re.compile(r"[\[({](?:\s?[.:/]|@|dot|at)|h[x*]{2}p", re.IGNORECASE)

#: An indicator in refanged text. Bounded repetition keeps matching linear on hostile input. The last label of a domain
#: or file name is in lower case, or the whole in upper case, so that "server.The" stays two words.
INDICATOR = re.compile(
    r"""
    [a-z][a-z0-9+.-]{1,15}://[^\s\u3000-\u303f\uff00-\uffef\u4e00-\u9fff<>"'`|*]{1,2000}   # URL
  | (?<![a-z0-9])(?:cve-\d{4}-\d{4,8}|ms\d{2}-\d{3}|cnvd-\d{4}-\d{4,6}|cnnvd-\d{6}-\d{3,5}|t\d{4}(?:\.\d{3})?)(?![a-z0-9])
  | (?<![a-z0-9])[0-9a-f]{32,128}(?![a-z0-9])                                          # hash
  | (?<![a-z0-9.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?(?![a-z0-9]|\.\d)      # IPv4, with port or prefix
  | (?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}    # e-mail
  | (?<![a-z0-9:])(?:[0-9a-f]{1,4}[:-]){2,7}[0-9a-f]{1,4}(?![a-z0-9:])                  # MAC, IPv6, time of day
  | (?<![a-z0-9_.-])[a-z0-9_][a-z0-9_-]{0,62}(?:\.[a-z0-9_][a-z0-9_-]{0,62}){0,8}      # domain, file name
    \.(?-i:[a-z][a-z0-9-]{1,23})(?![a-z0-9-])
  | (?<![a-z0-9_.-])(?-i:(?:[A-Z0-9-]{1,63}\.){1,8}[A-Z]{2,24})(?![a-z0-9-])           # the same in capitals
  | (?<![a-z0-9])n/a(?![a-z0-9])                                                       # one word, not the article
    """,
    re.IGNORECASE | re.VERBOSE,
)

#: A stretch of characters that an indicator may consist of: no white space, no Chinese.
INDICATOR_CHARACTERS = re.compile(r"[^\s\u3000-\u303f\u4e00-\u9fff]{3,}+")
#: What every such stretch with an indicator contains: a quick look before the slow one.
MAY_CONTAIN_INDICATOR = re.compile(r"[.:/@-]\S|\d{4}|[0-9a-f]{32}", re.IGNORECASE)


def refang(text: str) -> str:
    """`text` with defanged indicators written out: "hxxp://evil[.]example" becomes "http://evil.example"."""
    if not _MAY_BE_DEFANGED.search(text):
        return text
    for pattern, replacement in _REFANG:
        text = pattern.sub(replacement, text)
    return text
