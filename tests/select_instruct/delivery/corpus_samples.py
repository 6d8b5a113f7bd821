"""A small corpus, written by hand: two texts, and rows of each kind in both languages."""

import hashlib

from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft, ModelCall, Origin, SourceText
from sevenllm_bench.select_instruct.delivery.build_account import BuildAccount, ModelAccount, StageAccount

ENGLISH = """On 3 March 2031 the Harbour Trust of Port Elm found Grey Kettle, a loader, on two servers.

It called out to 203.0.113.7 and to files[.]example every ten minutes. The Trust took both servers off the network at 14:20 UTC.

No data of customers left the network, said the Trust."""
CHINESE = """2031年5月9日，云岭水务在三台工控主机上发现了名为“灰壶”的加载器。

该加载器每隔十分钟连接一次198.51.100.9，并利用CVE-2031-10021提升权限。

运维人员于当日断开了受影响主机的网络连接。"""
MARKET = "https://news.example/2031/grey-kettle"


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()


def origin(location=MARKET, **fields):
    own = {"source": "feed.xml", "fetched": "2031-03-05T08:00:00+00:00", "licence": "CC-BY-4.0", "robots": "allowed"}
    return Origin(location=location, sha256=_hash(location), **(own | {"warc": "news.warc.gz:512"} | fields))


TEXTS = [
    SourceText(id="aaaa000011112222", origin=origin(), title="Grey Kettle", published="2031-03-04", language="en", text=ENGLISH),
    SourceText(
        id="bbbb000011112222",
        origin=Origin(source="reports", location="zh/灰壶.html", sha256=_hash(CHINESE)),
        title="灰壶",
        published=None,
        language="zh",
        text=CHINESE,
    ),
]


def call(step="instruct", tokens_in=900, tokens_out=100):
    return ModelCall(
        step=step,
        model="scripted-1",
        prompt=f"{step}-en 1",
        prompt_sha256="c" * 64,
        request="d" * 64,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
    )


def draft(text=TEXTS[0], kind="understanding", **fields):
    own = {
        "id": f"{text.id}#1/{kind}/time_element_acquisition",
        "text_id": text.id,
        "origin": text.origin,
        "language": text.language,
        "kind": kind,
        "category": "Time Element Acquisition",
        "excerpt": text.text,
        "instruction": "Find all dates and times and say what each belongs to.",
        "input": text.text,
        "thought": "Look for a day, then for times of the day.",
        "output": {"found": "3 March 2031", "servers off the network": ["14:20 UTC"]},
        "calls": (call("select", 500, 60), call()),
        "scores": {"grounding": 1.0},
    }
    return Draft(**(own | fields))


def corpus():
    """Six sound rows: extraction, prose and a question, in both languages."""
    english, chinese = TEXTS
    prose = {"category": "Security Alert Generation", "kind": "generation"}
    paragraphs = ENGLISH.split("\n\n")
    return [
        draft(),
        draft(
            id=f"{english.id}#1/generation/security_alert_generation",
            input="\n\n".join(paragraphs[:2]),
            instruction="Write an alert for other operators.",
            output="Grey Kettle calls out to 203.0.113.7 and files[.]example: look for both.",
            repaired=True,
            grade=5,
            **prose,
        ),
        draft(
            id=f"{english.id}#1/mcq/malware",
            kind="mcq",
            instruction="Which address did Grey Kettle call? Choose the correct answer from A, B, C, D.",
            choices={"A": "203.0.113.9", "B": "203.0.113.7", "C": "198.51.100.7", "D": "192.0.2.7"},
            output="B",
        ),
        draft(
            chinese,
            id=f"{chinese.id}#1/understanding/vulnerability",
            category="Vulnerability Information Extraction",
            instruction="抽取文中的漏洞编号及其用途。",
            thought="先找编号，再找用途。",
            output={"编号": "CVE-2031-10021", "用途": "提升权限"},
        ),
        draft(
            chinese,
            id=f"{chinese.id}#1/generation/alert",
            instruction="为其他水务单位撰写一则安全预警。",
            input=CHINESE.split("\n\n")[1],
            thought="先说特征，再说措施。",
            output="请检查主机是否每隔十分钟连接198.51.100.9，并修补CVE-2031-10021。",
            **prose,
        ),
        draft(
            chinese,
            id=f"{chinese.id}#1/mcq/cve",
            kind="mcq",
            category="Vulnerability Information Extraction",
            instruction="该加载器利用了哪个漏洞提升权限？请从A、B、C、D中选出一个正确答案。",
            choices={"A": "CVE-2031-10012", "B": "CVE-2031-10022", "C": "CVE-2031-10021", "D": "CVE-2031-11021"},
            thought="看第二段。",
            output="C",
        ),
    ]


def rejected():
    """Two drafts that checks rejected, with what they say."""
    finding = CheckFinding(check="grounding", reason='the value "4 March 2031" does not occur in the input', score=0.5)
    meta = CheckFinding(check="meta talk", reason='the answer speaks of "the text above"')
    return [
        draft(
            id=f"{TEXTS[0].id}#1/understanding/other", output={"found": "4 March 2031", "off": "14:20 UTC"}, findings=(finding,)
        ),
        draft(
            id=f"{TEXTS[0].id}#1/generation/other",
            kind="generation",
            category="Threat Analysis",
            instruction="Analyse the threat.",
            output="The text above speaks of Grey Kettle.",
            findings=(meta,),
        ),
    ]


def account(**fields):
    stages = (
        StageAccount(name="extract", records_in=4, records_out=2, rejected={"too-short": 1, "near-duplicate": 1}),
        StageAccount(name="instruct", records_in=2, records_out=9),
        StageAccount(name="check", records_in=9, records_out=6, rejected={"grounding": 2, "leak guard": 1}),
    )
    models = (ModelAccount(name="scripted-1", calls=11, tokens_in=9000, tokens_out=3000, usd=0.5),)
    config = {
        "sources": ["reports"],
        "output": "/home/somebody/corpus",
        "seed": 7,
        "model": {"name": "scripted-1", "base_url": "http://10.0.0.1/v1", "temperature": 0.7},
        "quality": {"grounding": 1.0, "leak_guard": "official", "data_dir": "/home/somebody/data"},
    }
    own = {"stages": stages, "models": models, "drafts": 9, "accepted": 6, "version": "0.1.0", "config": config}
    return BuildAccount(**(own | fields))
