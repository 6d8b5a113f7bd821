"""At which level a text supports a value: each pair judged by hand."""

import pytest

from sevenllm_bench.select_instruct.quality.value_dates import Day, dates_in
from sevenllm_bench.select_instruct.quality.value_numbers import number_of
from sevenllm_bench.select_instruct.quality.value_support import SupportingText

EN = (
    "On 5 March 2026 the loader ThornLatch v2.4 beaconed to hxxps://cdn.marrow[.]example/a every 90 seconds. It infected "
    "1,204 hosts, not counting test machines, and stole 2.5 million records. Apache Tomcat and PostgreSQL were not affected."
)
ZH = "2026年3月5日晚8点30分，加载器棘门利用CVE-2026-1234感染约1.2万台主机，转走货款八十六万元，未造成人员伤亡。攻击持续三天。"

LEVELS = [
    (EN, "ThornLatch", "exact"),
    (EN, "thornlatch V2.4", "normalised"),
    (EN, "https://cdn.marrow.example/a", "normalised"),
    (EN, "2026-03-05", "date"),
    (EN, "March 2026", "exact"),
    (EN, "6 March 2026", None),
    (EN, "March 5, 2025", None),
    (EN, "1204", "normalised"),
    (EN, "2500000", "number"),
    (EN, "2.5M", "number"),
    (EN, "25 million", None),
    (EN, "120", None),
    (EN, "Thorn", None),
    (EN, "PostgreSQL and Apache Tomcat", "parts"),
    (EN, "PostgreSQL and Apache Struts", None),
    (EN, "beaconed every 90 seconds to cdn.marrow.example", "fuzzy"),
    (EN, "beaconed every 95 seconds to cdn.marrow.example", None),
    (EN, "Apache Tomcat and PostgreSQL were affected", None),
    (EN, "counting test machines", None),
    (EN, "https://cdn.marrow.example/b", None),
    (ZH, "棘门", "exact"),
    (ZH, "cve-2026-1234", "normalised"),
    (ZH, "2026/3/5", "date"),
    (ZH, "20:30", "date"),
    (ZH, "12000台", "number"),
    (ZH, "86万元", "number"),
    (ZH, "3天", "number"),
    (ZH, "1.3万台", None),
    (ZH, "造成人员伤亡", None),
    (ZH, "CVE-2026-12345", None),
    (ZH, "利用CVE-2026-1234感染主机", None),
    (ZH, "", None),
]


@pytest.mark.parametrize(("text", "value", "level"), LEVELS)
def test_levels(text: str, value: str, level: str | None) -> None:
    assert SupportingText(text).level(value, 0.9) == level


@pytest.mark.parametrize(
    ("written", "value"),
    [("twenty-one", 21), ("two hundred and five", 205), ("1.5 million", 1500000), ("三百二十", 320), ("两万五千", 25000),
     ("十二", 12), ("12万", 120000), ("二〇二六", 2026), ("port", None), ("1,204 hosts", None)],
)  # fmt: skip
def test_numbers(written: str, value: int | None) -> None:
    assert number_of(written) == value


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("2026-03-05", [Day(2026, 3, 5)]),
        ("03/04/2026", [Day(2026, 4, 3), Day(2026, 3, 4)]),
        ("31/12/2025", [Day(2025, 12, 31)]),
        ("5th of March", [Day(None, 3, 5)]),
        ("Sept. 9, 2025", [Day(2025, 9, 9)]),
        ("3 to 9 March", [Day(None, 3, 3), Day(None, 3, 9)]),
        ("2026年3月至5月", [Day(2026, 3, None), Day(2026, 5, None)]),
        ("三月五日", [Day(None, 3, 5)]),
        ("version 3.4.2", []),
    ],
)
def test_dates(written: str, days: list[Day]) -> None:
    assert [day for place in dates_in(written) for day in place.days] == days
