// Choosing one or two submissions and showing their figures side by side. They are named by id in the address, and their figures
// are loaded when they are chosen. Names and figures go into the page as text, never as HTML.
"use strict";
(() => {
  const board = window.sevenllmBoard;
  const address = window.sevenllmAddress;
  const known = new Set(board.ids);
  const byId = (id) => document.getElementById(id);
  let chosen = [];
  let boxes = null;
  let last = ""; // what the comparison shows

  /** The boxes of each submission, also those in rows that aren't shown now. */
  function boxesOf(id) {
    if (!boxes) {
      boxes = new Map();
      const rows = Object.values(window.sevenllmTables).flatMap((table) => table.entries.map(({ row }) => row));
      for (const row of rows) { const box = row.querySelector("input.pick"); if (box) boxes.set(box.value, [...(boxes.get(box.value) ?? []), box]); }
    }
    return boxes.get(id) ?? [];
  }

  const nameOf = (id) => board.entries[id]?.name ?? boxesOf(id)[0]?.closest("tr").querySelector("th")?.dataset.v ?? id;

  function element(tag, text, properties = {}) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    return Object.assign(made, properties);
  }

  function choose(ids) {
    for (const id of new Set([...chosen, ...ids])) for (const box of boxesOf(id)) box.checked = ids.includes(id);
    chosen = ids;
    const names = chosen.map(nameOf).join("  against  ");
    byId("tray").hidden = !chosen.length || chosen.join(",") === last; // not over what it would show
    byId("tray-text").textContent = names;
    byId("tray-go").textContent = chosen.length === 1 ? "Show its figures" : "Compare";
    byId("tray-status").textContent = chosen.length ? `Chosen: ${names}` : "";
  }

  /** Files of figures that are loaded, or being so, by name. */
  const files = new Map();

  function load(id) {
    const src = `submissions/figures-${Math.floor(board.ids.indexOf(id) / board.in_file)}.js`;
    if (!files.has(src)) {
      files.set(src, new Promise((resolve, reject) => {
        const script = element("script", undefined, { src });
        script.addEventListener("load", resolve);
        script.addEventListener("error", () => { files.delete(src); reject(new Error(`${src} is missing`)); });
        document.head.append(script);
      }));
    }
    return files.get(src);
  }

  /** Three decimal places, rounded once from the exact number; the only halves that a float can hold go to the even digit. */
  function rounded(value) {
    const size = Math.abs(value);
    let text = size.toFixed(3);
    if ((size * 16) % 2 === 1) { const below = Math.floor(size * 1000); text = ((below + (below % 2)) / 1000).toFixed(3); }
    return Number(text) === 0 ? text : `${value > 0 ? "+" : "-"}${text}`;
  }

  const numberCell = (text, note) => {
    const td = element("td", text, { className: "num" });
    if (note) td.append(element("small", note));
    return td;
  };

  function row([name, , title, metric, low, high, higherIsBetter], entries) {
    const tr = element("tr");
    const values = entries.map((entry) => entry.figures[name]), bar = element("td");
    bar.append(window.sevenllmBars(values, low, high));
    tr.append(element("th", title, { scope: "row" }), bar);
    for (const value of values) tr.append(value ? numberCell(value[2], value[5] ?? "no interval") : numberCell("–"));
    if (values.length === 1) tr.append(numberCell(values[0]?.[0]?.toLocaleString("en") ?? "–"));
    else tr.append(...difference(...values, higherIsBetter));
    tr.append(element("td", metric, { className: "extra" }));
    return tr;
  }

  /** The first less the second, and whether the first is better, as far as their intervals tell. */
  function difference(one, other, higherIsBetter) {
    if (!one || !other) return [numberCell("–"), element("td", "")];
    const cell = numberCell(rounded(one[1] - other[1]));
    if (one[3] === undefined || other[3] === undefined) return [cell, finding("cannot tell", "no interval")];
    if (one[3] <= other[4] && other[3] <= one[4]) return [cell, finding("cannot tell", "intervals overlap")];
    return [cell, finding((one[1] > other[1]) === higherIsBetter ? "better" : "worse", "intervals apart")];
  }

  function finding(verdict, reason) {
    const td = element("td");
    td.append(element("span", board.verdicts[verdict], { className: verdict.replace(" ", "-") }), element("small", reason));
    return td;
  }

  /** A name without its organization. */
  const shortName = (name) => name.replace(/^[^/\s(]+\/(?=.)/, "");

  function differenceHeads([one, other]) {
    const numbers = element("th", "Difference ", { scope: "col", className: "num wrap" }), findings = element("th", "Finding ", { scope: "col", className: "wrap" });
    numbers.append(element("small", `${shortName(one.name)} less ${shortName(other.name)}`));
    findings.append(element("small", `${shortName(one.name)} is`));
    return [numbers, findings];
  }

  function table(level, title, entries) {
    const titles = board.titles.filter(([name, where]) => where === level && entries.some((entry) => entry.figures[name]));
    if (!titles.length) return [];
    const made = element("table", undefined, { className: "data" });
    const head = element("tr");
    const bars = element("th", "Intervals", { scope: "col" });
    bars.dataset.copy = "no";
    head.append(element("th", "Figure", { scope: "col" }), bars);
    entries.forEach((entry, place) => {
      const cell = element("th", undefined, { scope: "col", className: "num wrap" });
      if (entries.length === 2) cell.append(window.sevenllmMarker(place), " ");
      cell.append(entry.name);
      head.append(cell);
    });
    if (entries.length === 2) head.append(...differenceHeads(entries));
    else head.append(element("th", "Rows", { scope: "col", className: "num" }));
    head.append(element("th", "Metric", { scope: "col", className: "extra" }));
    const body = element("tbody");
    body.append(...titles.map((of) => row(of, entries)));
    const thead = element("thead");
    thead.append(head);
    made.append(thead, body);
    const scroll = element("div", undefined, { className: "scroll" });
    scroll.setAttribute("aria-label", title);
    scroll.append(made);
    const holder = element("div");
    holder.append(element("h3", title), scroll);
    window.sevenllmCopying.addMenu(made, scroll);
    window.sevenllmWatch(scroll);
    return [holder];
  }

  function about(id, place, count) {
    const entry = board.entries[id], p = element("p");
    if (count === 2) p.append(window.sevenllmMarker(place), " ");
    p.append(element("b", entry.name), ` ${entry.about} `, element("a", "all about it", { href: `submissions/${id}.html` }));
    return p;
  }

  function command(entry) {
    const details = element("details");
    details.append(element("summary", `Command of ${entry.name}`), element("pre", entry.command, { className: "text" }));
    return details;
  }

  const LEVELS = { overall: "Overall", section: "By section", "encoder task": "Further tasks", task: "By task" };

  async function show(ids, notes) {
    const body = byId("comparison-body");
    const shown = notes.map((note) => element("p", note, { className: "note warning" }));
    try {
      await Promise.all(ids.map(load));
    } catch (error) {
      body.replaceChildren(...shown, element("p", `The figures could not be loaded: ${error.message}.`, { className: "note warning" }));
      return;
    }
    const entries = ids.map((id) => board.entries[id]);
    const parts = entries.length ? Object.entries(LEVELS).flatMap(([level, title]) => table(level, title, entries)) : [];
    if (!entries.length) shown.push(element("p", "Nothing is chosen. Choose two models in the first column of a table above.", { className: "note" }));
    body.replaceChildren(...shown, ...ids.map((id, place) => about(id, place, ids.length)), ...parts, ...entries.filter((entry) => entry.command).map(command));
    choose(ids); // again: a name may have been loaded
  }

  /** What a link asks for: ids that are on this board, and what must be said of the others. */
  function asked(text) {
    const parts = [...new Set(text.split(",").map((part) => part.trim()).filter(Boolean))].slice(0, 2);
    const gone = parts.filter((part) => !known.has(part));
    const numbers = gone.filter((part) => /^\d{1,6}$/.test(part));
    const notes = gone.filter((part) => !numbers.includes(part)).map((part) => `The link names a submission that isn't on this board: ${part.slice(0, 80)}.`);
    if (numbers.length) notes.push("The link is of an older form, which named submissions by numbers that change: it shows nothing. Choose them again.");
    return { ids: parts.filter((part) => known.has(part)), notes };
  }

  address.follow((state) => {
    const text = state.get("compare") ?? "";
    if (text === last) return;
    const first = !last;
    last = text;
    const { ids, notes } = asked(text);
    choose(ids);
    show(ids, notes).then(() => { if (first && text && !state.has("at")) byId("comparison").scrollIntoView(); });
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches("input.pick")) return;
    const id = event.target.value, rest = chosen.filter((one) => one !== id);
    choose(event.target.checked ? [...rest, id].slice(-2) : rest);
  });
  byId("tray-go").addEventListener("click", async () => {
    const ids = [...chosen];
    last = ids.join(",");
    byId("tray").hidden = true;
    address.change({ compare: last, at: "comparison" }, true);
    await show(ids, []);
    byId("comparison").focus({ preventScroll: true });
    byId("comparison").scrollIntoView();
  });
  byId("tray-clear").addEventListener("click", () => {
    choose([]);
    if (last) {
      last = "";
      address.write("compare", "", true);
      show([], []);
    }
    byId("main").focus({ preventScroll: true });
  });
})();
