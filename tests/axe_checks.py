"""Runs axe-core in a page, and decides what it leaves undecided, such as the contrast of texts that overlap something."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """(tags) => axe.run(document, { preload: false, resultTypes: ["violations", "incomplete"], runOnly: tags })"""
#: The contrast of each text that axe gives no verdict on: of its colour with the background of the nearest part that has one.
_CONTRAST = """(targets) => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const of = (own) => own instanceof SVGElement ? "rgba(0, 0, 0, 0)" : getComputedStyle(own).backgroundColor;
  const parsed = (text) => text.match(/[\\d.]+/g).map(Number);
  return targets.map((target) => {
    const own = document.querySelector(target);
    let behind = own;
    while (behind && (parsed(of(behind))[3] ?? 1) < 1) behind = behind.parentElement;
    const style = getComputedStyle(own), drawn = own instanceof SVGElement ? style.fill : style.color;
    const a = light(parsed(drawn));
    const b = light(behind ? parsed(of(behind)) : [255, 255, 255]);
    return [target, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
}"""

#: Headers of rows without a cell beside them, and headers without a scope, in tables that axe gives no verdict on: those with
#: headers over groups of rows, or with empty cells.
_HEADERS = """(targets) => targets.flatMap((target) => {
  const wrong = (head) => !head.scope || (head.scope === "row" && !head.parentElement.querySelector("td"));
  return [...document.querySelector(target).querySelectorAll("th")].filter(wrong).map((head) => head.textContent);
})"""

#: Targets that axe gives no verdict on where they are, under a bar or the tray: those that it doesn't pass in the middle.
_SIZES = """async (targets) => {
  const found = [];
  for (const target of targets) {
    document.querySelector(target).scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const result = await axe.run({ include: [target] }, { preload: false, runOnly: { type: "rule", values: ["target-size"] } });
    if (result.violations.length || result.incomplete.length) found.push(target);
  }
  return found;
}"""


def findings(page: Any, tags: Sequence[str] = TAGS) -> list[str]:
    """What axe finds wrong in a page, and what it leaves undecided and isn't right either.

    Args:
        page: A page of Playwright; its policy doesn't apply to what a test evaluates.
        tags: Of the rules that axe applies.
    """
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    result = page.evaluate(_RUN, list(tags))
    found = [f"{rule['id']}: {node['html'][:160]}" for rule in result["violations"] for node in rule["nodes"]]
    for rule in result["incomplete"]:
        targets = [node["target"][0] for node in rule["nodes"]]
        if rule["id"] == "color-contrast":
            found += [f"contrast {ratio:.2f}: {target}" for target, ratio in page.evaluate(_CONTRAST, targets) if ratio < 4.5]
        elif rule["id"] == "th-has-data-cells":
            found += [f"header without cells: {text}" for text in page.evaluate(_HEADERS, targets)]
        elif rule["id"] == "target-size":
            found += [f"size of target: {target}" for target in page.evaluate(_SIZES, targets)]
        else:
            found += [f"undecided {rule['id']}: {node['html'][:160]}" for node in rule["nodes"]]
    return found


def tab_stops(page: Any) -> list[str]:
    """What the Tab key reaches in a page, in order: tag and text of each, until it leaves the page."""
    own = (
        "(own) => own === document.body ? null : "
        "`${own.tagName.toLowerCase()} ${(own.getAttribute('aria-label') ?? own.textContent).trim().slice(0, 40)}`"
    )
    page.evaluate("document.activeElement.blur()")
    found: list[str] = []
    while len(found) < 2_000:
        page.keyboard.press("Tab")
        reached = page.evaluate_handle("document.activeElement").evaluate(own)
        if reached is None:
            return found
        found.append(reached)
    return found


#: The parts of the page that are over the middle of the focused element, and not of it.
_OVER = """() => {
  const own = document.activeElement, box = own.getBoundingClientRect();
  if (!box.width || own === document.body) return null;
  const over = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 12));
  const same = over && (own.contains(over) || over.contains(own) || over.closest("label")?.contains(own));
  return same ? null : `${own.outerHTML.slice(0, 120)} under ${over?.outerHTML.slice(0, 80)}`;
}"""


def hidden_focus(page: Any, most: int) -> list[str]:
    """What of the first tab stops, forwards and then backwards, is under another part of the page while it has the focus."""
    found = []
    for key in ["Tab"] * most + ["Shift+Tab"] * most:
        page.keyboard.press(key)
        over = page.evaluate(_OVER)
        if over:
            found.append(f"{key}: {over}")
    return found
