"""Answers and names that try to execute something, to break out of a page, or to break its layout. All would call `trip`."""

TRIP = "window.tripped=(window.tripped||0)+1"
MARKUP = (
    f"<script>{TRIP}</script>",
    f"</script><script>{TRIP}</script>",
    f"</textarea></style></title><img src=x onerror='{TRIP}'>",
    f'"><svg/onload="{TRIP}">',
    f"' onmouseover='{TRIP}' onfocus='{TRIP}' autofocus tabindex=1 x='",
    f'<a href="javascript:{TRIP}">click</a> <a href="https://example.com/">link</a>',
    f'<iframe srcdoc="<script>parent.{TRIP}</script>"></iframe><object data="javascript:{TRIP}"></object>',
    "<style>*{display:none!important}</style><link rel=stylesheet href=https://example.com/x.css><base href=https://example.com/>",
    "<img src=https://example.com/pixel.png><video autoplay src=https://example.com/v></video>",
    f"<details open ontoggle='{TRIP}'><summary>x</summary></details><meta http-equiv=refresh content='0;url=https://example.com'>",
    f"{{{{ ''.__class__.__mro__ }}}} {{% for x in y %}}{{% endfor %}} ${{{TRIP}}} <%= 7*7 %> #{{7*7}}",
    f"]]><!--><script>{TRIP}//--></script>\u2028{TRIP}\u2029",
)
UNSEEN = "a\x00b\x07c\x1b[31mred\x7f\u0085 \u202egnitrever\u202c \u2066iso\u2069 \u200bzero \ufeffmark \U000e0041tag"
TOWER = "z" + "\u0301\u0316" * 400
WIDE = "W" * 5_000
LONG = "An answer without end. " * 45_000  # about 1 MB
TEXTS = (*MARKUP, UNSEEN, TOWER, WIDE, LONG)
