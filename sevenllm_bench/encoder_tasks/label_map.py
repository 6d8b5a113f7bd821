"""Labels of models and data sets to our five types: by their names, or by a map of the user's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sevenllm_bench.encoder_tasks.entity_types import ENTITY_TYPES, EntityType
from sevenllm_bench.errors import ConfigError, unknown_name
from sevenllm_bench.io.files import read_bytes
from sevenllm_bench.io.yaml12 import load_yaml

#: Names in use, in lower case, letters and digits only: of the types themselves, of CyNER, APTNER and DNRTI (each by its
#: own list of labels), and common short forms. Labels that may be of several types (TOOL, IDTY, ACT) have none.
_NAMES: dict[EntityType, str] = {
    "Indicator": """indicator indicators ioc iocs ip ipv4 ipv6 ipaddress address dom domain domainname hostname url uri hash
        md5 sha1 sha2 sha256 hashmd5 hashsha1 hashsha256 email emailaddress file filename filepath filehash registry registrykey
        mutex port 指标 失陷指标""",
    "Malware": "malware malwarename malwarefamily mal malw ransomware trojan virus samfile 恶意软件 木马 病毒",
    "Organization": """organization organisation organizations org orgs hackorg secteam apt aptgroup threatactor threatgroup
        actor attacker group company 组织 机构 攻击组织""",
    "System": "system systems sys os operatingsystem product products software softwareproduct platform hardware 系统 软件 产品",
    "Vulnerability": "vulnerability vulnerabilities vuln vul vulname vulid cve cveid exp exploit weakness 漏洞",
}
_BY_NAME: dict[str, EntityType] = {name: kind for kind, names in _NAMES.items() for name in names.split()}
#: What a map gives a label that is to be left out.
_NONE = ("none", "o", "")


def _plain(label: str) -> str:
    return re.sub(r"[\W_]", "", label.casefold())


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Which type a label is of.

    Attributes:
        given: The user's map: label, without its mark (B-, I-), to type; None for a label that is left out on purpose.
        by_name: Whether labels that the map doesn't have are recognised by their names.
    """

    given: Mapping[str, EntityType | None] = field(default_factory=dict)
    by_name: bool = True

    def type_of(self, label: str) -> EntityType | None:
        """The type of a label without its mark; None where it has none."""
        if label in self.given:
            return self.given[label]
        same = [kind for name, kind in self.given.items() if name.casefold() == label.casefold()]
        return same[0] if same else _BY_NAME.get(_plain(label)) if self.by_name else None

    def as_json(self) -> dict[str, Any]:
        """The user's map, for signatures."""
        return dict(sorted(self.given.items()))


def read_label_map(path: Path | None) -> LabelMap:
    """A map from a file: YAML or JSON, one object of labels (without B-, I-) to types; `none` leaves a label out.

    Args:
        path: The file; None for the names alone.

    Raises:
        ConfigError: It can't be read, is no such object, or names a type that is none of the five.
    """
    if path is None:
        return LabelMap()
    try:
        text = read_bytes(path, ConfigError).decode("utf-8-sig")
        content = json.loads(text) if path.suffix.lower() == ".json" else load_yaml(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: the map of labels can't be read ({error})") from None
    if not isinstance(content, dict) or not content:
        raise ConfigError(f"{path}: a map of labels is one object, label: type, with the types {', '.join(ENTITY_TYPES)} or none")
    return LabelMap({str(label): _type(kind, str(label), path) for label, kind in content.items()})


def _type(value: Any, label: str, path: Path) -> EntityType | None:
    text = "" if value is None else str(value).strip()
    if text.casefold() in _NONE:
        return None
    found = next((kind for kind in ENTITY_TYPES if kind.casefold() == text.casefold()), None)
    if found is None:
        raise ConfigError(f"{path}: label {label!r}: {unknown_name('type', text[:80], [*ENTITY_TYPES, 'none'])}")
    return found
