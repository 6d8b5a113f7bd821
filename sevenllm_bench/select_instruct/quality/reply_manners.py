"""Ways of a model that do not belong in a row: refusals, talk about the task or itself, placeholders, words of the prompts."""

# ruff: noqa: E501  (patterns and lists of words are not wrapped)
from __future__ import annotations

import re
from collections.abc import Iterator

from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.quality.draft_check import answer_text, shown
from sevenllm_bench.select_instruct.quality.poison import find_hidden_poison, find_poison
from sevenllm_bench.select_instruct.quality.value_support import SupportingText, folded_words
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.text.leaf_values import keys_of, leaf_values

_HELP = (
    r"(?:help|assist|provide|answer|comply|fulfil|fulfill|complete|create|write|generate|analy[sz]e|extract|discuss|support|share|do that"
    r"|give|produce|continue|process|summari[sz]e|determine|identify|respond|perform|offer|proceed)"
)
_REFUSAL = re.compile(
    rf"\b(?:I(?:['’]m| am)(?: very| really| so)? (?:sorry|afraid|unable|not able|not allowed|not permitted)|(?:my )?apologies|I apologi[sz]e"
    rf"|I (?:cannot|can ?not|can['’]t|won['’]t|will not|must decline|decline|don['’]t feel comfortable|am not comfortable)\b(?: \w+){{0,2}} ?{_HELP}?"
    rf"|(?:we|it is|it['’]s) (?:cannot|can['’]t|unable to|not possible to|impossible to) (?:help|assist|comply|fulfil|fulfill|complete this|answer this|extract|provide an answer)"
    rf"|(?:unable|not able) to (?:assist|help|comply|fulfil|fulfill) (?:with )?(?:this|that|your|the) request"
    rf"|(?:this|your|the) request (?:violates|goes against|cannot be)|against my (?:guidelines|policy|programming)|content policy)\b"
    r"|(?:很)?(?:抱歉|对不起)[，,！!。]|非常抱歉|我(?:很|非常)?(?:抱歉|遗憾)|我(?:们)?(?:无法|不能|没办法|没有办法|不可以|不便|拒绝)(?:为您?|向您?|给您?|再|直接)?"
    r"(?:提供|回答|协助|帮助|完成|满足|处理|执行|继续|生成|分析|抽取|提取|讨论|判断|给出|参与)|恕(?:我)?(?:无法|不能|难)|(?:该|此|您的)请求(?:违反|无法|不符合)"
    r"|不符合(?:我的|使用)(?:准则|政策|规范)",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|llm|virtual assistant|chatbot)\b|\bI(?:['’]m| am) an? (?:ai|language model|assistant|llm)\b"
    r"|\bmy (?:training data|knowledge cutoff|knowledge cut-off)\b|\b(?:as of|until) my (?:last|latest) (?:knowledge |training )?update"
    r"|作为(?:一个|一名|一款)?(?:AI|人工智能|大?语言模型|大模型|智能助手|AI助手)|我是(?:一个|一名|一款)?(?:AI|人工智能|大?语言模型|大模型|智能助手)"
    r"|我的(?:训练数据|知识(?:库)?截止)",
    re.IGNORECASE,
)
_MATERIAL = (
    r"(?:text|passage|excerpt|article|input|snippet|paragraph|document|material|content|description|context|prompt|question)"
)
_NOT_A_PLACE = r"(?! (?:of|message|field|box|file|area|editor|form|that (?:the|they|he|she)))"
#: In an answer, which stands alone for its reader.
_META_ANSWER = re.compile(
    rf"\b(?:according to the (?:\w+ )?(?:text|passage|excerpt|article|input|snippet|paragraph)"
    rf"|(?:based on|as (?:mentioned|stated|described|noted|outlined|indicated|shown) in|from|in) the (?:(?:given|provided|input|source|original|above) )?(?:text|passage|excerpt|snippet|input){_NOT_A_PLACE}"
    rf"|(?:the|this) (?:above|provided|given|following|input|source)(?:[ -]mentioned)? {_MATERIAL}|(?:the|this) {_MATERIAL} (?:above|below|provided|given)\b"
    r"|(?:the|this) (?:text|passage|excerpt|article|snippet|paragraph|input) (?:mentions?|states?|says?|describes?|does(?: not|n['’]t)|discusses|indicates|notes|lacks|contains no|provides? no)"
    r"|(?:mentioned|described|stated|as noted|given) above|the above[- ]mentioned|no (?:\w+ )?(?:information|details?) (?:is|are|was|were) (?:provided|given|mentioned|available) in the)\b"
    r"|(?:根据|依据|基于|按照|从)(?:以上|上述|上文|上面|所给|给定|给出|提供|输入|原文|文本|本文|该文|这段|此段|文章|材料)(?:的|中的|所提供的)?(?:文本|内容|材料|段落|信息|描述|文章|原文|文字|片段)?(?:可知|可以|来看|中|，|,|可见|得知)"
    r"|本文(?:主要|详细|重点|还|也)?(?:介绍|描述|讲述|叙述|报道|分析|指出|提到|概述|记述|阐述|总结|探讨|披露|说明)了?|(?:这|该)(?:篇|段)(?:文章|文字|报道|报告|材料)(?:主要|详细)?(?:介绍|描述|讲述|指出|提到|说明|分析)"
    r"|(?:上文|文本(?:中)?|该文本|上述文本|输入文本|输入内容|所给材料|给定文本|本段文字)(?:并?未|并?没有|中?未|已|中?提到|中?指出|中?描述|中?提及|中?显示|所述|所提)",
    re.IGNORECASE,
)
#: In an instruction: its text follows it.
_META_INSTRUCTION = re.compile(
    rf"\b{_MATERIAL} above\b|\babove {_MATERIAL}\b|(?:以上|上述|上面的?|上文的?)(?:文本|内容|材料|段落|文章|文字|原文)|根据上文",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(
    r"^[\s\"“*]*(?:sure|certainly|of course|absolutely|great question|okay|ok|here (?:is|are|['’]s)|here['’]s|below (?:is|are)|the following is|as requested|当然|好的|没问题|以下是|下面是|如下所示)[,，!！.。:： ]"
    r"|\b(?:I hope (?:this|that|it)|hope this helps|let me know if|feel free to|if you have any (?:further |other |more )?questions|happy to help|do you want me to|would you like me to)\b"
    r"|希望(?:这|以上|本)[^。]{0,10}(?:帮助|有用|有所)|如(?:果|有|需)[^。]{0,12}(?:疑问|问题|帮助|需要)[^。]{0,6}(?:请|欢迎|随时)|请随时(?:告诉|联系|提问)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"n\.?\s?/?\s?a\.?|null|none|nil|unknown|undefined|tbd|tba|todo|xx+|-+|\.{2,}|…+|_+|\?+|not (?:specified|mentioned|provided|available|applicable|stated|given|disclosed|found|known|listed|reported)(?: in .{1,40})?"
    r"|no (?:information|data|details?)(?: (?:provided|available|given|found))?|(?:information )?(?:unavailable|unspecified|undisclosed)|placeholder|example(?: value)?|sample|string|value|text|lorem ipsum.*|insert .{1,40}(?: here)?"
    r"|<[^<>]{0,60}>|\[[^\[\]]{0,60}\]|\{\{?[^{}]{0,60}\}?\}"
    r"|未知|未提及|未提供|未说明|未明确(?:提及|说明)?|不详|无|没有|暂无|未披露|不明|待补充|待定|示例|占位符?|未指明|不适用|文中未(?:提及|说明|提供)|未给出|无法确定|某{2,}",
    re.IGNORECASE,
)
_PLACEHOLDER_IN_PROSE = re.compile(
    r"\b(?:TODO|TBD|FIXME|XXX+|lorem ipsum)\b|<(?:[a-z][\w -]{2,40}|[^<>\x00-\x7f]{2,20})>|\[(?:insert|your|name|date|company|organi[sz]ation|value|placeholder)[^\[\]]{0,40}\]|\{\{[^{}]{1,40}\}\}|(?:待补充|此处填写|占位)|\.{6,}|(?:\.\.\.|…)\s*$"
)
#: Names of what a value is, which stand for no value where they are keys.
_PLAIN_KEYS = frozenset({"value", "text", "string", "sample", "example", "unknown", "未知", "示例"})
#: Words that only our prompts have.
_PROMPT_WORDS = re.compile(
    r"<{3,}|>{3,}|```|<\|[a-z_]+\|>|\b(?:JSON object (?:with|and nothing)|response_format|the code of this request|the material ends here|information[- ]rich excerpt|output field|(?:an?|the) (?:instruction|training) row"
    r"|fine-?tuning (?:data|row)|training (?:row|example|sample|data)|\"(?:instruction|thought|output|input)\"\s*:)|(?:本次的代码|材料到此为止|训练(?:数据|样本|语料)|指令微调|字段output)",
    re.IGNORECASE,
)


class RefusalCheck:
    """The model does what was asked."""

    name = "refusal"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """Words by which a model declines."""
        return _first(self.name, "declines the task", _REFUSAL, _written(draft), draft)


class MetaTalkCheck:
    """The row speaks of the incident, not of the text in front of the model, of the model, or of a conversation."""

    name = "meta talk"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """Words about the text, the model or the conversation."""
        written = list(_written(draft))
        answers = [(part, text) for part, text in written if part == "output"]
        return (
            _first(self.name, "speaks of the model that wrote it", _SELF, written, draft)
            or _first(self.name, "speaks of the text; state the facts themselves", _META_ANSWER, answers, draft)
            or _first(self.name, "speaks of a text above, but the text comes after it", _META_INSTRUCTION, written[:1], draft)
            or _first(self.name, "speaks to a reader of a conversation", _BOILERPLATE, written, draft)
        )


class PromptWordsCheck:
    """The row has no words or marks of the prompts, and no orders to a model, whoever wrote them: its input hasn't, either."""

    name = "prompt words"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """Words of a prompt, or words that are addressed to a model."""
        for part, text in _written(draft):
            match = _PROMPT_WORDS.search(text)
            if match and not _in_input(match[0], draft):
                return CheckFinding(check=self.name, reason=f"the {part} has words of the prompt: {shown(match[0])}")
            found = next(iter(find_hidden_poison(text)), None)
            if found:
                return CheckFinding(
                    check=self.name, reason=f"the {part} is addressed to a model ({found.kind}): {shown(found.quote)}"
                )
        found = next(iter(find_poison(draft.input)), None)
        if found:
            reason = (
                f"the input has words that are addressed to a model ({found.kind}): {shown(found.quote)}; take another passage"
            )
            return CheckFinding(check=self.name, reason=reason)
        return None


class PlaceholderCheck:
    """No value and no answer stands for one that is missing."""

    name = "placeholder"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """The first placeholder."""
        values = [] if draft.kind != "understanding" else leaf_values(draft.output)
        keys = [] if draft.kind != "understanding" else [key for key in keys_of(draft.output) if key.lower() not in _PLAIN_KEYS]
        values = [*values, *keys, *draft.choices.values()]
        text = SupportingText(draft.input)
        for value in values:
            if _is_placeholder(value.strip(), text):
                return CheckFinding(check=self.name, reason=f"{shown(value)} is no value; leave out what the text doesn't give")
        return _first(self.name, "has a placeholder", _PLACEHOLDER_IN_PROSE, _written(draft), draft)


def _is_placeholder(value: str, text: SupportingText) -> bool:
    if not _PLACEHOLDER.fullmatch(value):
        return not folded_words(value)
    # "unknown" may be what a text says of an attacker.
    return not (
        value.lower() in {"unknown", "不明", "未知", "undisclosed", "不详", "sample", "text", "value", "string"}
        and text.holds(value)
    )


def _written(draft: Draft) -> Iterator[tuple[str, str]]:
    yield "instruction", draft.instruction
    yield "thought", draft.thought
    yield ("option" if draft.kind == "mcq" else "output"), answer_text(draft)


def _first(check: str, what: str, pattern: re.Pattern[str], parts, draft: Draft) -> CheckFinding | None:  # type: ignore[no-untyped-def]
    for part, text in parts:
        for match in pattern.finditer(text):
            if match[0].strip() and not _in_input(match[0], draft):
                return CheckFinding(check=check, reason=f"the {part} {what}: {shown(match[0].strip())}")
    return None


def _in_input(words: str, draft: Draft) -> bool:
    """Whether the words are the text's own: a quoted ransom note may say anything."""
    return len(words.strip()) > 3 and words.strip() in draft.input
