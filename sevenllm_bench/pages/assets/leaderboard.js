// Choosing one or two models and showing their figures side by side. Names and figures go into the page as text, never as HTML.
"use strict";
(() => {
  const data = window.sevenllmEntries;
  const chosen = [];
  const byId = (id) => document.getElementById(id);
  const boxes = new Map();
  for (const box of document.querySelectorAll("input.pick")) boxes.set(Number(box.value), box);
  for (const table of Object.values(window.sevenllmTables)) {
    for (const { row } of table.entries) { const box = row.querySelector("input.pick"); if (box) boxes.set(Number(box.value), box); }
  }

  function element(tag, text, properties = {}) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    return Object.assign(made, properties);
  }

  function toggle(number, on) {
    const place = chosen.indexOf(number);
    if (place >= 0) chosen.splice(place, 1);
    if (on) {
      chosen.push(number);
      if (chosen.length > 2) boxes.get(chosen.shift()).checked = false;
    }
    tray();
  }

  function tray() {
    const names = chosen.map((number) => data.entries[number].name);
    byId("tray-text").textContent = names.length ? names.join("  against  ") : "Choose two models with ⇄ to compare them, or one to see all its figures.";
    byId("tray-go").textContent = chosen.length === 1 ? "Show its figures" : "Compare";
    byId("tray-go").disabled = byId("tray-clear").disabled = !chosen.length;
  }

  const figure = (value) => (value === null || value === undefined ? "–" : (value / 1e4).toFixed(3));
  const half = (entry, place) => (entry.error[place] === null ? null : 1.959964 * entry.error[place]);

  function cell(entry, place) {
    const td = element("td", figure(entry.mean[place]), { className: "num" });
    const margin = half(entry, place);
    if (margin !== null) td.append(element("small", `±${(margin / 1e4).toFixed(3)}`));
    return td;
  }

  function row(place, entries) {
    const [, title, metric] = data.titles[place];
    const tr = element("tr");
    const head = element("th", title, { scope: "row" });
    tr.append(head, element("td", metric));
    const [one, other] = entries;
    entries.forEach((entry) => tr.append(cell(entry, place)));
    if (!other) tr.append(element("td", one.rows[place] ?? "–", { className: "num" }));
    else {
      const [a, b] = [one.mean[place], other.mean[place]];
      if (a === null || b === null) tr.append(element("td", "–", { className: "num" }), element("td", ""));
      else {
        const margins = [half(one, place), half(other, place)];
        const apart = margins.every((margin) => margin !== null) ? Math.abs(b - a) > margins[0] + margins[1] : null;
        const difference = (b - a) / 1e4;
        tr.append(element("td", `${difference > 0 ? "+" : ""}${difference.toFixed(3)}`, { className: "num" }),
          element("td", apart === null ? "no interval" : apart ? (b > a ? "second is higher" : "first is higher") : "intervals overlap", { className: apart ? (b > a ? "better" : "worse") : "" }));
      }
    }
    return tr;
  }

  function table(level, title, entries) {
    const places = data.ids.map((_, place) => place).filter((place) => data.titles[place][0] === level && entries.some((entry) => entry.mean[place] !== null));
    if (!places.length) return [];
    const made = element("table", undefined, { className: "data" });
    const head = element("tr");
    head.append(element("th", "Figure", { scope: "col" }), element("th", "Metric", { scope: "col" }));
    entries.forEach((entry) => head.append(element("th", entry.name, { scope: "col", className: "num wrap" })));
    if (entries.length === 2) head.append(element("th", "Difference", { scope: "col", className: "num" }), element("th", "", { scope: "col" }));
    else head.append(element("th", "Rows", { scope: "col", className: "num" }));
    const body = element("tbody");
    body.append(...places.map((place) => row(place, entries)));
    const thead = element("thead");
    thead.append(head);
    made.append(thead, body);
    const scroll = element("div", undefined, { className: "scroll", tabIndex: 0 });
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", title);
    scroll.append(made);
    return [element("h3", title), scroll];
  }

  function show() {
    const entries = chosen.map((number) => data.entries[number]);
    const body = byId("comparison-body");
    if (!entries.length) return;
    const heads = entries.map((entry) => {
      const p = element("p");
      p.append(element("b", entry.name), ` ${entry.about}`);
      return p;
    });
    const commands = entries.filter((entry) => entry.command).map((entry) => {
      const details = element("details");
      details.append(element("summary", `Command of ${entry.name}`), element("pre", entry.command, { className: "text" }));
      return details;
    });
    body.replaceChildren(...heads, ...table("overall", "Overall", entries), ...table("section", "By section", entries), ...table("encoder task", "Encoder tasks", entries), ...table("task", "By task", entries), ...commands);
    history.replaceState(null, "", `#compare=${chosen.join(",")}`);
    byId("comparison").focus({ preventScroll: true });
    byId("comparison").scrollIntoView();
  }

  for (const [number, box] of boxes) box.addEventListener("change", () => toggle(number, box.checked));
  byId("tray-go").addEventListener("click", show);
  byId("tray-clear").addEventListener("click", () => {
    for (const number of chosen.splice(0)) boxes.get(number).checked = false;
    tray();
  });
  const asked = /^#compare=(\d+)(?:,(\d+))?$/.exec(location.hash);
  if (asked) {
    for (const number of asked.slice(1).filter((part) => part !== undefined).map(Number)) {
      if (boxes.has(number)) { boxes.get(number).checked = true; toggle(number, true); }
    }
    show();
  }
})();
