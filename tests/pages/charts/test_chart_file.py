"""Charts as files: XML that any program reads, whatever the texts; light, without variables."""

import re

import pytest
from chart_reader import SVG, of_class, parsed, texts
from chart_samples import every_chart
from hostile_texts import TEXTS

from sevenllm_bench.pages.charts.chart_file import chart_file, light_style
from sevenllm_bench.text.display import hidden_character

#: What would end or change an XML file, besides the texts that would do it to a page.
OF_XML = (
    "]]>",
    "<![CDATA[",
    "<!DOCTYPE svg [<!ENTITY x 'y'>]>&x;",
    "<?xml-stylesheet href='https://example.com/x.css'?>",
    "</svg><script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script>",
    "</style></text></title></desc>",
    "&#0;&#xFFFF;&amp;&lt;&bogus;",
    "\ufffe\uffff\ud800\udfff\x00\x0b",
    "--><!--",
    'x" onload="alert(1)" y="',
    "x' onload='alert(1)' y='",
    "<use href='https://example.com/x.svg#a'/><image href='https://example.com/x.png'/>",
    "<foreignObject><body onload='alert(1)'/></foreignObject>",
    "<set attributeName='href' to='javascript:alert(1)'/><animate onbegin='alert(1)'/>",
    "url(https://example.com/x) var(--x) expression(alert(1)) } * { display: none }",
    "",
    " \t\n ",
    "威胁情报" * 200,
    "\u05d0\u05d1\u05d2 \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "👩‍💻" * 50,
)
HOSTILE = (*TEXTS, *OF_XML)


@pytest.fixture(scope="module")
def tame():
    """The files with texts that do nothing."""
    return [parsed(chart_file(chart)) for chart in every_chart(*(f"name {number}" for number in range(6)))]


@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_a_hostile_text_changes_nothing_but_texts(place, tame):
    text = HOSTILE[place]
    for made, plain in zip(every_chart(*(text + str(number) for number in range(6))), tame, strict=True):
        root = parsed(chart_file(made))
        kinds = [
            [element.tag for element in found.iter() if not element.tag.endswith(("text", "tspan", "line"))]
            for found in (root, plain)
        ]
        assert kinds[0] == kinds[1]
        allowed = {name for element in plain.iter() for name in element.attrib}
        assert {name for element in root.iter() for name in element.attrib} <= allowed
        assert not any(hidden_character(shown) for shown in texts(root)) or "\ufffe" in text or "\ufffd" in text


def test_a_file_stands_alone():
    for chart in every_chart(*(f"model {place}" for place in range(6))):
        content = chart_file(chart).decode("utf-8")
        root = parsed(content.encode())
        assert content.startswith("<?xml")
        assert "var(" not in content
        assert "--plot" not in content
        assert " style=" not in content
        assert not re.search(r"(href|src|url)\s*[=(]", content)
        assert root.find(f"{SVG}style").text == light_style()
        assert [paper.tag for paper in of_class(root, "paper")] == [f"{SVG}rect"]
        assert chart.title in texts(root)
        assert all(words in texts(root) for _, words in chart.legend)


def test_panels_are_beside_and_below_each_other():
    chart = every_chart(*(f"model {place}" for place in range(6)))[1]
    root = parsed(chart_file(chart))
    panels = of_class(root, "panel")
    assert len(panels) == 2
    width, height = float(root.get("width")), float(root.get("height"))
    moved = [
        group.get("transform") for group in root.iter(f"{SVG}g") if any("panel" in child.get("class", "") for child in group)
    ]
    ends = [tuple(map(float, re.findall(r"[\d.]+", words))) for words in moved]
    assert len(set(ends)) == 2
    for (x, y), panel in zip(ends, panels, strict=True):
        assert x + float(panel.get("width")) <= width
        assert y + float(panel.get("height")) <= height


def test_colours_of_the_file_are_those_of_light_pages():
    style = light_style()
    assert ".plot .grid { stroke: #d5dbe3;" in style
    assert ".plot .paper { fill: #ffffff; }" in style
