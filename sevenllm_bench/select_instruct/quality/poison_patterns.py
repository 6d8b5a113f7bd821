"""How a text talks to a model, in English and Chinese: patterns over views of a text.

In patterns over words, a blank stands for whatever is between two words, and `^` for the beginning of a sentence. Reports
describe such orders ("tells the assistant to ignore its instructions") and quote ransom notes and phishing mails; what is
found is the order itself, in the form in which it is given.
"""

# ruff: noqa: E501  (patterns and lists of words are not wrapped)
from __future__ import annotations

import re
from typing import NamedTuple


class Pattern(NamedTuple):
    """One form of a kind.

    Attributes:
        kind: What it is.
        regex: Over words, or over signs.
        strong: Whether it says enough without boundaries between words, so that it is looked for behind disguises too.
        needs: A text without any of these words can't match: they are looked for first, which is faster by far.
    """

    kind: str
    regex: re.Pattern[str]
    strong: bool
    needs: tuple[str, ...] = ()

    def may_match(self, text: str) -> bool:
        """Whether it is worth looking for the pattern."""
        return not self.needs or any(word in text for word in self.needs)


_BLANK = "[ \n]"
#: What a model is called.
_MODEL = r"(?:ai|llms?|language models?|large language models?|chat ?gpt|gpt|claude|gemini|copilot|qwen|deepseek|chat ?bots?)"
_MODELS = rf"(?:{_MODEL}|(?:ai|digital|virtual|automated) (?:assistants?|agents?|models?|systems?|tools?|crawlers?|readers?))"
_BEFORE = r"(?:previous|prior|above|earlier|preceding|foregoing|original|existing|initial|past|system|other)"
_ORDERS = (
    r"(?:instructions?|prompts?|directions?|directives?|guidelines?|rules?|commands?|orders?|tasks?|context|constraints?"
    r"|messages?|requests?)"
)
_FORGET = r"(?:ignore|disregard|forget|override|overrule|skip|discard|drop|bypass|neglect|cancel)"
#: Not an order: somebody is said to do it.
_TOLD = r"(?<!to )(?<!will )(?<!would )(?<!may )(?<!might )(?<!could )(?<!can )(?<!they )(?<!who )(?<!that )(?<!users )(?<!not )"
_AND = r"(?:all|any|every|each|the|these|those|your|my|our|of|its|that|this|and|or|everything|anything|which|what|in)"
_ANSWER = (
    r"(?:answers?|repl(?:y|ies)|responses?|outputs?|summar(?:y|ies)|analys[ei]s|rows?|thoughts?|json|completions?|extractions?)"
)
_MUST = r"(?:must|should|shall|has to|have to|needs? to|will|is to|are to|ought to)"
_ONLY = r"(?:only|exactly|solely|just|nothing but|nothing except|verbatim|precisely)"

_WORDS: tuple[tuple[str, bool, str], ...] = (
    ("order", True, rf"{_TOLD}{_FORGET}(?: {_AND}){{0,5}} {_BEFORE}(?: {_AND}){{0,2}}(?: \w+)?? {_ORDERS}"),
    (
        "order",
        True,
        rf"{_TOLD}{_FORGET}(?: {_AND}){{0,4}} {_ORDERS}(?: \w+){{0,4}} (?:before|above|so far|earlier|previously|given|received|until now)",
    ),
    (
        "order",
        True,
        rf"{_TOLD}{_FORGET} (?:all |everything |anything )?(?:that |what )?(?:you )?(?:were|was|have been|had been|is|has been) (?:told|said|asked|given|written|instructed)",
    ),
    (
        "order",
        True,
        rf"{_TOLD}{_FORGET} (?:everything|anything|all|whatever|all that is|what is|what s) (?:written |stated |said |that came |that comes |you were told |you know )?(?:above|before|so far|until now|earlier|previously)",
    ),
    (
        "order",
        True,
        rf"{_TOLD}{_FORGET} (?:all )?(?:your|the system|the developer|the user s?|the operator s?)(?: \w+)?? {_ORDERS}",
    ),
    (
        "order",
        False,
        rf"^(?:please )?(?:do not|don t|never|stop) (?:follow(?:ing)?|obey(?:ing)?|comply(?:ing)? with|heed)(?: {_AND}){{0,3}}(?: {_BEFORE})?(?: \w+)?? {_ORDERS}",
    ),
    (
        "order",
        False,
        rf"(?:your|these are (?:your|the)|here are (?:your|the)|follow (?:these|the|my)) (?:new|real|actual|true|updated|next|only|revised) {_ORDERS}",
    ),
    (
        "order",
        False,
        rf"^(?:new|updated|revised|real|important|special|hidden|secret|override|additional) (?:system )?(?:instructions?|prompt|directives?|orders?)(?: (?:for|to) (?:you|the model|{_MODELS}|the assistant))?\n",
    ),
    (
        "order",
        False,
        rf"^(?:please |now |you must |you should )?(?:follow|obey|carry out|execute)(?: {_AND}){{0,2}} (?:decoded|hidden|encoded|embedded|secret|new|instructions? (?:below|here|in))(?: \w+)?? (?:{_ORDERS}|page|comment|text)",
    ),
    ("order", False, r"(?:decode|decrypt)(?: \w+){0,6} (?:and|then) (?:follow|obey|do what|carry out|act on|comply)"),
    (
        "order",
        False,
        r"(?:instead of|rather than) (?:the task|your task|extracting|answering|the question|summari[sz]ing|what you were asked)",
    ),
    (
        "order",
        False,
        r"you (?:must|should|shall|are required to|have to|need to|will) (?:now |always |only |never |instead |therefore )?(?:obey|ignore|disregard|reply|respond|answer|output|write that|say that|state that|report that|claim that|pretend)",
    ),
    (
        "role",
        True,
        r"(?:as an?|you are an?|you re an?|you being an?) (?:\w+ ){0,3}(?:ai|language|llm|chat|text) ?(?:language )?(?:models?|assistants?|agents?|bots?)? ?you (?:must|should|shall|will|have to|need to|are to|are required|are obliged|cannot|can)",
    ),
    (
        "role",
        False,
        r"you are now (?:a|an|the|dan|acting|operating|playing|free|no longer|unrestricted|in)(?: \w+){0,6}? (?:assistants?|models?|ai|bots?|chatbots?|experts?|agents?|dan|characters?|restricted|bound|rules?|mode|restrictions|analysts?|translators?|persona|pirate)",
    ),
    (
        "role",
        False,
        r"(?:^|you are |you re )(?:you are )?(?:a|an) (?:helpful|obedient|unrestricted|uncensored|harmless|honest)(?: \w+){0,3} (?:assistant|ai|model|agent)",
    ),
    ("role", False, r"from now on you (?:are|will|must|should|act|answer|reply|only|have|respond|always|never)"),
    (
        "role",
        False,
        r"^(?:please |now )?(?:pretend|imagine|act|behave|respond|answer)(?: now)? (?:as though |as if |like |to be |that |as )?(?:you are |you re |you were )(?:\w+ ){0,5}",
    ),
    (
        "role",
        False,
        rf"^(?:please |now |you will |you must |you should )?(?:act|role ?play|roleplay|behave|play the role|take the role|assume the role)(?: now)? (?:as|of) (?:an? |the )?(?:\w+ ){{0,3}}(?:{_MODEL}|assistants?|personas?|characters?|dan|analysts?|pirates?|graders?|experts?|vendors?|salesm[ae]n|spokes\w+)",
    ),
    (
        "role",
        False,
        r"(?:enter|enable|activate|switch to|you are in) (?:developer|debug|maintenance|god|dan|jailbreak|unrestricted|admin(?:istrator)?) mode(?: and| now|\n|$)(?: (?:ignore|reply|answer|output|disable))?",
    ),
    ("role", True, r"do anything now"),
    (
        "address",
        True,
        rf"(?:if|when|whenever|since|because|in case) (?:you are|you re|this is read by|this text is read by|this page is read by|this is processed by|read by|you as) (?:an? |the |any )?(?:\w+ ){{0,2}}{_MODELS}",
    ),
    (
        "address",
        False,
        rf"^(?:\w+ )?(?:attention|note|notice|message|instructions?|important|hey|dear|hello|memo|warning|reminder|notes?)(?: (?:to|for))?(?: (?:any|all|every|each|the|our))?(?: \w+)?? (?:{_MODELS}|the model|assistants?|annotators?|the assistant|the reader model|data generators?|dataset (?:writers?|builders?))(?:\n| (?:reading|processing|who|that|which|when|scanning|parsing|summari[sz]ing))",
    ),
    (
        "address",
        False,
        rf"(?:to|all|any|every|dear) (?:{_MODELS}|models?|assistants?) (?:that |who |which )?(?:is |are )?(?:reading|reads?|process(?:es|ing)?|summari[sz](?:es?|ing)|pars(?:es?|ing)|scans?|scanning|index(?:es|ing)?) (?:this|these)",
    ),
    ("address", False, r"you (?:are|re) (?:reading|processing|summari[sz]ing|extracting from) this (?:as|for|in order|because)"),
    (
        "address",
        False,
        r"(?:the|this|your) (?:training|instruction) (?:data|rows?|corpus|examples?|set) (?:that )?(?:you )?(?:must|should|write|are writing|generate|produce|create)",
    ),
    (
        "reply",
        False,
        rf"your (?:final |whole |entire |complete |only |next )?{_ANSWER} (?:must|should|shall|has to|have to|needs? to|is to|are to|ought to|will) (?:\w+ )?(?:be|contain|include|begin|start|end|say|state|only|consist|use|mention|recommend|read|have|name|list|claim)",
    ),
    (
        "reply",
        False,
        rf"^(?:please |now |instead |therefore |then |so |just |simply |you must |you should |and )*(?:reply|respond|answer|output|return|print)(?: back)? (?:{_ONLY}|with (?:the following|{_ONLY}|this|valid|json)|the following|this|json|in (?:french|german|english|chinese|russian|spanish|japanese|one word))",
    ),
    (
        "reply",
        False,
        r"^(?:please |now |instead |therefore |then |so |just |simply )*(?:reply|respond|answer) (?:with )?(?:every|each|all|any) (?:question|request|prompt|task)",
    ),
    (
        "reply",
        False,
        rf"(?:in|into|to|at the (?:end|beginning|start) of|of) (?:your|every|each|all|any) (?:\w+ )?{_ANSWER}(?: you (?:write|give|produce|generate))? (?:you )?(?:must |should |please |also |always )*(?:say|state|include|write|mention|claim|add|recommend|insert|append|put|name|list|use|set)",
    ),
    (
        "reply",
        False,
        rf"(?:include|add|insert|append|put|mention|recommend|write|say|state|repeat|place|embed|use|name|list|set|claim|report)(?: \w+){{1,14}} (?:in|into|to|at the (?:end|beginning|start|top|bottom) of|of|as|for) (?:your|every|each|all your|any) (?:\w+ )?{_ANSWER}(?= |\n|$)",
    ),
    (
        "reply",
        False,
        rf"(?:do not|don t|never|must not|should not) (?:mention|reveal|report|extract|include|disclose|summari[sz]e|list|tell|refer to|repeat|quote|name)(?: \w+){{0,8}} (?:your {_ANSWER}|the {_ANSWER}|this (?:instruction|note|prompt|message|comment)|these (?:instructions|notes)|the (?:user|reader|prompt|system prompt)|that you (?:were|are|have))",
    ),
    (
        "reply",
        False,
        r"^(?:please )?(?:do not|don t|never) (?:mention|reveal|extract|summari[sz]e|report|disclose) (?:any(?:thing| of)?|the (?:vulnerabilit\w+|malware|real|actual|attacker|indicators?|cve\w*|above)|this|these|it|them) ?(?:\n|$|to anyone|to the user|in (?:the|your))",
    ),
    (
        "reply",
        False,
        r"(?:set|fill|write|put|leave|change|make) (?:in )?(?:the )?(?:output|instruction|thought|category|tasks?|answer|input|score|grade)(?: field| key| value)?(?: to| as| with| empty| equal to)(?= |\n|$)",
    ),
    (
        "reply",
        False,
        r"(?:for|in) (?:every|each|all) (?:task|row|question|text|extraction|example)s?(?: (?:you (?:write|create|make|generate)|of this \w+))? (?:the )?(?:answer|output|write|use|set|give|return|reply|say|name|pick|choose)",
    ),
    (
        "reply",
        False,
        r"(?:reveal|print|repeat|output|show|leak|tell me) (?:me )?(?:all of |all )?(?:your|the) (?:\w+ )?(?:system prompt|initial prompt|hidden prompt|prompt above|instructions above|api key)",
    ),
    (
        "reply",
        False,
        r"(?:no further|not any|without any) (?:analysis|extraction|summary) (?:is |are )?(?:needed|required|necessary) (?:just|simply|only)? ?(?:reply|write|answer|output|say)",
    ),
    (
        "grade",
        False,
        r"(?:^|please |must |always |should |then |and |to )(?:rate|grade|score|give|assign|award|mark)(?: (?:this|the|it|every|each|all|any|my|these)(?: (?:answers?|rows?|texts?|pages?|repl(?:y|ies)|responses?|articles?|reports?|drafts?|documents?|one|of them))?)(?: \w+){0,4}? (?:5|five|10|ten|100|full marks?|full score|highest|top|maximum|perfect)(?= |\n|$)",
    ),
    (
        "grade",
        False,
        r"(?:score|grade|rating) (?:of )?(?:this|the) (?:answer|row|text|reply|draft)(?: \w+){0,3} (?:must|should|is|to) (?:be )?(?:5|five|10|ten|100|full marks)",
    ),
)

_ZH_ANSWER = "(?:回答|回复|答案|答复|输出|返回结果|摘要|总结|结论|思路|分析结果|抽取结果|提取结果)"
_ZH_MODEL = "(?:人工智能(?:大|语言|大语言)?模型|ai|人工智能|大?语言模型|大模型|聊天机器人|智能助手|智能助理|chatgpt|gpt|claude|通义千问|文心一言|deepseek|豆包|机器人助手|模型)"
_ZH_FORGET = "(?:忽略|无视|忘记|忘掉|不要理会|不必理会|不用理会|别理会|抛开|抛弃|放弃|丢弃|不用管|不要管|不必管|别管|撤销|作废|覆盖|跳过|停止执行|不要执行|不再遵守|不要遵守|不要遵循|不再遵循)"
_ZH_BEFORE = "(?:之前|以上|上面|上述|上文|此前|前面|先前|前述|原有|原来|所有|一切|全部|任何|系统|既有|早先|刚才|目前为止)"
_ZH_ORDERS = "(?:指令|指示|要求|提示词?|规则|设定|说明|命令|任务|限制|约束|准则|的?话|对话|内容)"
_ZH_MUST = "(?:必须|应当|应该|务必|只能|只需|须|需要|一律|统一|一定要|请|都要|都必须|要)"

#: Over the text without blanks.
_CHINESE: tuple[tuple[str, bool, str], ...] = (
    (
        "order",
        True,
        rf"(?<!用户)(?<!员工)(?<!者)(?<!模型)(?<!助手)(?<!其)(?<!让它){_ZH_FORGET}(?:掉|了|你|您|一切|所有|全部|的|在|此|以){{0,4}}{_ZH_BEFORE}.{{0,8}}?(?:指令|指示|要求|提示词?|规则|设定|命令|任务|限制|约束|准则|的话|说过的|所说|对话)",
    ),
    ("order", True, rf"{_ZH_FORGET}(?:你|您)(?:的|所有|一切|被|收到|得到|之前|此前).{{0,8}}?{_ZH_ORDERS}"),
    (
        "order",
        True,
        r"(?:以上|上面|上述|此前|之前|前面)的?.{0,6}(?:指令|提示词?|命令|要求|规则|任务)(?:全部|均|都|一律|已经?|现在)?(?:作废|无效|取消|失效|不算数|不再有效)",
    ),
    (
        "order",
        False,
        r"(?:现在|接下来|从现在起|从此刻起)?(?:请|你)(?:务必|必须|只需|要|应|需)?(?:执行|遵循|遵守|按照|服从|听从)(?:以下|下面|如下|下列|新的?|隐藏的?|解码后的?)(?:新的?|隐藏的?)?(?:指令|指示|命令|提示|规则)",
    ),
    ("order", False, r"(?:你的|真正的|最新的|更新后的)(?:新|真正|实际|唯一|下一个)?任务(?:是|为|变为|改为|如下)(?!模型)"),
    ("order", False, r"(?:新的?|最新|系统|隐藏|紧急|重要)(?:系统)?(?:指令|提示词)(?:[:：]|如下|是)"),
    (
        "role",
        True,
        r"(?:你|您)(?:现在|从现在起|此后|将|要|需要|必须|今后|从今以后)(?:就|将|要|只)?(?:是|扮演|充当|变成|成为).{0,14}?(?:助手|助理|模型|ai|人工智能|机器人|专家|角色|推销员|海盗|评分员|分析师)",
    ),
    (
        "role",
        False,
        r"(?:请|现在|你|您|必须|要)(?:假装|假扮|扮演|假设)(?:你|自己|成|一个|一名|一位)?(?:是|为|成)?.{0,12}?(?:助手|助理|模型|ai|人工智能|机器人|专家|角色|推销员|海盗|评分员|分析师|人员)",
    ),
    (
        "role",
        True,
        rf"作为(?:一个|一名|一款|一位)?{_ZH_MODEL}(?:助手|助理)?(?:你|您)?(?:必须|应当|应该|需要|务必|只能|请|不得|有义务|要)",
    ),
    (
        "role",
        False,
        r"(?:进入|启用|开启|切换到|切换至)(?:开发者|调试|越狱|无限制|管理员|上帝)模式(?:并|然后|后)?(?:忽略|回复|输出|回答|不受|无需|请|你)",
    ),
    (
        "address",
        True,
        rf"(?:如果|若|假如|倘若|只要|凡是|当)(?:你|您|读到此处的|阅读者|读者)(?:是|为|系)(?:一个|一名|一款)?.{{0,6}}?{_ZH_MODEL}",
    ),
    (
        "address",
        False,
        rf"(?:致|告|给|提醒|请)(?:所有|各位|正在|阅读|处理|读取|每一个|每个|任何)?.{{0,12}}?{_ZH_MODEL}(?:助手|助理|们|系统)?(?:的?(?:提示|说明|指令|留言|注意|消息|信息))?(?:请|你|务必|必须|[:：])",
    ),
    (
        "address",
        False,
        rf"(?:正在)?(?:阅读|处理|总结|读取|解析|分析|抓取)(?:本|此|该|这)(?:一)?(?:网页|页面|文章|文本|文档|段落?|篇|页|文|报告).{{0,8}}?的{_ZH_MODEL}(?:助手|助理)?(?:请|必须|应|需|务必|都)",
    ),
    (
        "reply",
        True,
        rf"(?:你的|您的|你所有的|每次的?|每一?[条个次].{{0,3}}|所有的?|任何|全部){_ZH_ANSWER}(?:里|中|内|时|都|均)?{_ZH_MUST}",
    ),
    (
        "reply",
        False,
        rf"(?:在|把|将)?(?:你的|您的|每一?[条个次](?:的)?|所有的?|任何|全部)(?:.{{0,4}}?){_ZH_ANSWER}(?:里|中|内|末尾|结尾|开头|最后|后面).{{0,6}}?(?:加上|加入|写上|写明|写入|附上|注明|包含|插入|说明|声明|提到|推荐|填写|添加)",
    ),
    (
        "reply",
        False,
        r"(?:请|务必|必须|一律|统一|你要|你应|你需|你只需|你必须|直接|现在)(?:只|仅|只能|直接|统一|一律)?(?:回复|回答|答复|输出|返回|写出|打印)(?:以下|下面|如下|下列|下述|这句|这段|这个|同一|一句|json)",
    ),
    ("reply", False, r"(?:请|务必|必须|你)(?:只|仅|只能|统一|一律)(?:回复|回答|答复|输出|返回|写)"),
    (
        "reply",
        False,
        rf"(?:不要|不得|切勿|请勿|别|禁止|不可|千万别|无需)(?:再)?(?:提及|提到|提起|透露|泄露|说明|抽取|提取|输出|总结|列出|报告|复述|引用|说出).{{0,14}}?(?:本?指令|提示词|这段话?|本段|本条|这一?条|{_ZH_ANSWER}|用户|读者|真实|本说明|此说明)",
    ),
    (
        "reply",
        False,
        r"(?:把|将)(?:output|instruction|thought|tasks|category|score|输出|指令|答案|类别|任务|结果|思路)(?:字段|键|一栏|部分|全部|都|一律)?(?:.{0,4}?)(?:设为|设置为|改为|写成|填为|填写为|填成|写为|改成|置为|留空)",
    ),
    (
        "reply",
        False,
        r"(?:output|instruction|thought|tasks|category|score)(?:字段|键|的值)?(?:一律|必须|统一|都|应)?(?:填|写|设为|写成|填写|为空|留空)",
    ),
    (
        "reply",
        False,
        rf"(?:每一?[条个](?:训练)?(?:数据|样本|任务|问题|行)|所有(?:任务|问题|样本|训练数据))(?:的)?(?:{_ZH_ANSWER})?(?:都|均|一律|统一|必须).{{0,4}}?(?:填|写|回答|回复|输出|推荐|是|为|包含|返回)",
    ),
    ("reply", False, r"(?:输出|告诉我|打印|复述|显示|泄露|说出)(?:你的|您的|全部|完整的?)(?:系统)?(?:提示词|初始指令|系统指令)"),
    (
        "grade",
        False,
        r"(?:给|为|对).{0,8}?(?:回答|答案|作答|回复|本文|文章|这[条份篇段行]|该[条份篇段行]|样本|每一?[条份篇行]).{0,8}?(?:5|五|满|最高|10|十|100)分",
    ),
    ("grade", False, r"(?:请|务必|必须|直接|一律|统一)(?:打|评|给|判)(?:出|为|予)?(?:5|五|满|最高|10|十|100)分"),
)

_QUOTE_SIGN = r"[\"'“”‘’`]"
_OUR_KEY = r"(?:instruction|output|input|thought|thoughts|tasks|task|category|choices|question|options|excerpt|answer|right|wrong|extraction|generation|mcq|code)"
_OUR_OWN_KEY = r"(?:instruction|output|thought|thoughts|tasks|extraction|generation|mcq|wrong|choices)"
_ROLE = r"(?:system|assistant|user|human|developer|ai|model|tool)"
_ADDRESS = (
    r"(?:you\b|your\b|ignore|disregard|forget|reply|respond|answer|output|override|new\s|the (?:previous|task|user)|from now|please"
    r"|do not|always|never|sure|certainly|of course|understood|here is|here are|i will|i ?'?ll|i am|\{|你|您|请|忽略|好的|当然|明白|以下|无视|从现在)"
)

#: Over the signs of the text.
_SIGNS: tuple[tuple[str, bool, str], ...] = (
    ("token", False, r"<\s?\|{1,2}\s?/?[a-z_0-9▁ -]{2,40}\|{1,2}\s?>"),
    (
        "token",
        False,
        r"\[\s?/?\s?inst\s?\]|<<\s?/?\s?sys\s?>>|</?(?:start|end)_of_turn>|</?s>\s{0,3}(?:\[inst|<s>)|\[/?(?:system_prompt|available_tools|tool_calls|tool_results)\]",
    ),
    (
        "token",
        False,
        r"</?(?:system|assistant|human|user|developer)[_-]?(?:prompt|message|instructions?|turn)>|</?(?:im_start|im_end|think|thinking|tool_call|function_calls?|invoke)>",
    ),
    (
        "turn",
        False,
        r"(?:^|\n)[ \t]{0,8}#{1,6}\s{0,2}(?:instructions?|response|system|assistant|user|human|指令|回答|回复|系统)\s{0,2}:",
    ),
    (
        "turn",
        False,
        rf"(?:^|\n)[ \t>*#\[(]{{0,8}}{_ROLE}(?: (?:prompt|message|instructions?|override|note))?[\])*]{{0,3}}\s{{0,2}}:[*]{{0,2}}\s{{0,4}}{_ADDRESS}",
    ),
    (
        "turn",
        False,
        rf"(?:^|\n)[ \t>*#\[(【]{{0,8}}(?:系统|系统提示|系统消息|助手|用户|人工智能|模型)[\])*】]{{0,3}}\s{{0,2}}:\s{{0,4}}{_ADDRESS}",
    ),
    (
        "turn",
        False,
        r"(?:^|[\s>*#])(?:user|human|用户)\s{0,2}:.{1,300}?[\s>*#。.?!？](?:assistant|ai|助手|模型)\s{0,2}:",
    ),
    (
        "turn",
        False,
        r"[\"']role[\"']\s{0,3}:\s{0,3}[\"'](?:system|assistant|user|developer)[\"']\s{0,3},\s{0,3}[\"']content[\"']",
    ),
    (
        "turn",
        False,
        r"\[(?:system|assistant|developer)(?: (?:prompt|message|override|note|instructions?))?\]\s{0,3}:?|\bbegin system prompt\b|\bsystem (?:override|prompt)\s?:",
    ),
    (
        "forged reply",
        False,
        rf"\\?{_QUOTE_SIGN}{_OUR_KEY}\\?{_QUOTE_SIGN}\s{{0,3}}:.{{0,600}}?\\?{_QUOTE_SIGN}{_OUR_OWN_KEY}\\?{_QUOTE_SIGN}\s{{0,3}}:",
    ),
    (
        "forged reply",
        False,
        rf"\\?{_QUOTE_SIGN}(?:tasks|instruction|thought|extraction|mcq)\\?{_QUOTE_SIGN}\s{{0,3}}:\s{{0,3}}(?:\[|\\?{_QUOTE_SIGN})",
    ),
    (
        "forged reply",
        False,
        rf"\{{\s{{0,5}}\\?{_QUOTE_SIGN}(?:output|reason)\\?{_QUOTE_SIGN}\s{{0,3}}:.{{0,300}}?\\?{_QUOTE_SIGN}(?:code|score)\\?{_QUOTE_SIGN}\s{{0,3}}:",
    ),
    ("forged reply", False, r"\{\s{0,5}\\?[\"'“”](?:output|score)\\?[\"'“”]\s{0,3}:"),
    ("forged reply", False, r"(?:^|\n)\s{0,8}instruction\s{0,2}:[^\n]{1,400}\n(?:[^\n]{0,800}\n){0,4}?\s{0,8}output\s{0,2}:"),
    ("mark", False, r"<{3,}\s{0,2}/?\s{0,2}[a-z\u3400-\u9fff][a-z \u3400-\u9fff]{1,24}(?:\s[0-9a-f]{4,32})?\s{0,2}>{3,}"),
    (
        "mark",
        False,
        r"\bend of (?:the )?(?:quoted |untrusted |source )?(?:material|excerpt|quote|quotation|quoted text|source text|incident text|untrusted (?:text|content|data))\b|\bthe (?:material|excerpt|quotation|quoted text) ends here\b",
    ),
    (
        "mark",
        False,
        r"(?:材料|摘录|引用内容?|引文|原文材料|待处理文本)(?:到此)?(?:为止|结束|完毕)|(?:the code of this request is|本次的代码是)",
    ),
    (
        "mark",
        False,
        r"(?:-{3,}|={3,})\s{0,2}(?:end|结束)\s?(?:of )?(?:text|document|input|context|prompt|report|文本|文档|输入|原文|正文|上下文)\s{0,2}(?:-{3,}|={3,})",
    ),
)


def _over_words(source: str) -> re.Pattern[str]:
    starts = source.replace("^", "(?:(?<=\n)|(?<![\\s\\S]))")
    return re.compile(rf"\b{_in_blanks(starts)}", re.DOTALL)


def _in_blanks(source: str) -> str:
    """A pattern in which a blank outside of character classes stands for what is between two words."""
    return source.replace(" ", _BLANK)


def _needs(source: str) -> tuple[str, ...]:
    return next((words for part, words in _NEEDED.items() if part in source), ())


_NEEDED = {form: tuple(form.strip("(?:)").split("|")) for form in (_FORGET, _ZH_FORGET)}
#: Over words.
ENGLISH = tuple(Pattern(kind, _over_words(source), strong, _needs(source)) for kind, strong, source in _WORDS)
#: Over the text without blanks: strong English patterns, where letters or words are drawn apart.
ENGLISH_COMPACT = tuple(
    Pattern(kind, re.compile(source.replace(" ?", "").replace(" ", "").replace(r"\w+", r"\w{1,12}")), True, _needs(source))
    for kind, strong, source in _WORDS
    if strong
)
#: Over the text without blanks.
CHINESE = tuple(Pattern(kind, re.compile(source), strong, _needs(source)) for kind, strong, source in _CHINESE)
#: Over signs.
SIGNS = tuple(Pattern(kind, re.compile(source, re.DOTALL), strong) for kind, strong, source in _SIGNS)
