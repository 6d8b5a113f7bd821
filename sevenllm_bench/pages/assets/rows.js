// The rows of a task: an index that sorts and filters, one row open at a time. All of its state is in the page's address.
"use strict";
(async () => {
  const table = document.getElementById("t-rows");
  if (!table) return;
  const { unpack, Reader, UNREAD, CUT } = window.sevenllmReader;
  const address = window.sevenllmAddress;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const fold = (text) => text.normalize("NFKC").toLowerCase();
  const byId = (id) => document.getElementById(id);
  const form = byId("row-tools"), panel = byId("reader"), body = table.tBodies[0], what = panel.dataset.what;
  const step = Number(table.dataset.step), margin = Number(table.dataset.margin) || 0;
  const heads = [...table.tHead.rows[0].cells];
  const runs = heads.filter((head) => "run" in head.dataset).map((head) => {
    const label = head.querySelector(".label");
    return { key: head.dataset.key, column: head.cellIndex, head, label, name: label.dataset.full ?? label.textContent };
  });
  const columnOf = Object.fromEntries(heads.map((head) => [head.dataset.key, head.cellIndex]));
  const entries = [...table.tBodies].flatMap((own) => [...own.rows]).map((row, place) => ({
    row, place, id: Number(row.id.slice("row-".length)), values: runs.map(({ column }) => Number(row.cells[column].dataset.v ?? NaN)),
  }));
  for (const rest of [...table.tBodies].slice(1)) rest.remove();
  const state = { find: "", a: "", b: "", only: "", reading: "", order: "", runs: "", at: "" };
  const choices = ["a", "b", "only", "reading", "order"].filter((name) => form.elements[name]);
  const first = Object.fromEntries(choices.map((name) => [name, form.elements[name].value]));
  let reader = null, found = entries, limit = step, opened = null, figuresOf = [first.a, first.b, ""].join(); // as the page has them

  // Figures

  const known = (value) => !Number.isNaN(value);
  const shownRuns = () => runs.map((_, place) => place).filter((place) => !state.runs || state.runs.split(".").includes(runs[place].key));
  const placeOf = (key) => runs.findIndex((run) => run.key === key);
  const pair = () => [placeOf(state.a), placeOf(state.b)];
  const difference = (entry) => { const [a, b] = pair(); return (entry.values[a] ?? NaN) - (entry.values[b] ?? NaN); };

  /** To so many places, half to even on the exact value: as `figures/rounding.py` does, for what a choice of runs changes. */
  function figure(value, places = 2, sign = false) {
    if (!known(value)) return "–";
    const tie = Math.abs((value * 2 ** (places + 1)) % 2) === 1;
    const low = Math.floor(value * 10 ** places);
    const text = (tie ? (low % 2 === 0 ? low : low + 1) / 10 ** places : value).toFixed(places);
    if (Number(text) === 0) return (0).toFixed(places);
    return sign && value > 0 ? `+${text}` : text;
  }

  function spread(entry) {
    const own = shownRuns().map((run) => entry.values[run]).filter(known);
    return own.length > 1 ? Math.max(...own) - Math.min(...own) : NaN;
  }

  function mean(entry) {
    const own = shownRuns().map((run) => entry.values[run]).filter(known);
    return own.length ? own.reduce((sum, value) => sum + value, 0) / own.length : NaN;
  }

  // What is found, in which order

  function isWanted(entry) {
    if (!state.only) return true;
    const [a, b] = pair().map((run) => entry.values[run] ?? NaN), near = 1e-9;
    if (!known(a) || !known(b)) return false;
    if (margin) return state.only === "a" ? a - b > margin - near : state.only === "b" ? b - a > margin - near : Math.abs(a - b) <= margin - near;
    return (a >= 1 - near) === (state.only === "a" || state.only === "both") && (b >= 1 - near) === (state.only === "b" || state.only === "both");
  }

  function isRead(entry) {
    const flag = { unread: UNREAD, cut: CUT }[state.reading];
    const answers = reader?.records.get(entry.id)?.answers;
    return !flag || !answers || shownRuns().some((run) => answers[run] && answers[run][2] & flag);
  }

  /** Whether every word is in the texts of a row: its own, or an answer of a run that is shown. */
  function hasWords(entry, words) {
    const record = reader?.records.get(entry.id);
    if (!words.length || !record) return true;
    entry.text ??= fold(reader.numbersOf(record).map((number) => reader.plain(number, false)).join("\n"));
    entry.answers ??= record.answers.map((answer) => (answer && answer[3] !== null ? fold(reader.plain(answer[3], false)) : ""));
    const own = shownRuns().map((run) => entry.answers[run]);
    return words.every((word) => entry.text.includes(word) || own.some((text) => text.includes(word)));
  }

  function sorted(list) {
    const [key, way] = (state.order || "id,up").split(",");
    const run = placeOf(key);
    const orders = new Map(Object.entries({ id: (entry) => entry.id, pair: (entry) => (way === "down" ? Math.abs(difference(entry)) : difference(entry)), spread, mean }));
    const value = orders.get(key)
      ?? (run >= 0 ? (entry) => entry.values[run] : key === "question" ? null : (entry) => entry.id);
    const sign = way === "down" ? -1 : 1;
    const keyed = list.map((entry) => ({ entry, value: value ? value(entry) : entry.row.cells[columnOf.question].textContent }));
    keyed.sort(({ value: x, entry: one }, { value: y, entry: other }) => {
      if (typeof x === "string") return sign * collator.compare(x, y) || one.place - other.place;
      if (!known(x) || !known(y)) return !known(x) - !known(y) || one.place - other.place;
      return sign * (x - y) || one.place - other.place;
    });
    return keyed.map(({ entry }) => entry);
  }

  // The index

  function update() {
    const words = fold(state.find).split(/\s+/).filter(Boolean);
    found = sorted(entries.filter((entry) => isWanted(entry) && isRead(entry) && hasWords(entry, words)));
    if (runs.length > 1 && figuresOf !== [state.a, state.b, state.runs].join()) showFigures();
    if (runs.length > 1) markPair();
    showIndex();
    const [key, way] = (state.order || "id,up").split(",");
    for (const head of heads) {
      if (head.dataset.key === key) head.setAttribute("aria-sort", way === "down" ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
    }
    showRow();
  }

  function showFigures() {
    figuresOf = [state.a, state.b, state.runs].join();
    const shown = new Set(shownRuns());
    byId("runs-shown").textContent = shown.size === runs.length ? "all" : `${shown.size} of ${runs.length}`;
    runs.forEach(({ column, head }, place) => {
      head.hidden = !shown.has(place);
      for (const { row } of entries) row.cells[column].hidden = !shown.has(place);
    });
    for (const entry of entries) {
      entry.row.cells[columnOf.pair].textContent = figure(difference(entry), 2, true);
      entry.row.cells[columnOf.spread].textContent = figure(spread(entry));
    }
  }

  function markPair() {
    const sides = pair();
    runs.forEach(({ head }, place) => {
      if (sides.includes(place)) head.dataset.side = "AB"[sides.indexOf(place)]; else delete head.dataset.side;
      head.firstElementChild.dataset.name = head.dataset.side ?? "";
    });
  }

  function showIndex() {
    const shown = found.slice(0, limit);
    const kept = shown.length === body.rows.length && shown.every((entry, place) => entry.row === body.rows[place]);
    if (!kept) body.replaceChildren(...shown.map((entry) => entry.row)); // laying a table out again takes time
    window.sevenllmRove?.(table);
    byId("row-pager").hidden = shown.length === found.length;
    const part = shown.length < found.length ? `, the first ${shown.length} in the index` : "";
    byId("row-count").textContent = `${found.length} of ${entries.length} ${what}s${part}`;
  }

  // The open row

  function showRow() {
    const id = Number(/^row-(\d+)$/.exec(state.at)?.[1] ?? NaN);
    opened = entries.find((entry) => entry.id === id) ?? null;
    for (const { row } of entries) row.removeAttribute("aria-current");
    panel.hidden = !opened;
    const record = opened && reader?.records.get(opened.id);
    if (!record) { panel.hidden = true; opened = null; return; }
    opened.row.setAttribute("aria-current", "true");
    const place = found.indexOf(opened), count = `${found.length} ${what}${found.length === 1 ? "" : "s"}`;
    byId("reader-title").textContent = `${what === "row" ? "Row" : "Item"} ${opened.id}`;
    byId("reader-place").textContent = place < 0 ? `not among the ${count} found` : `${place + 1} of ${count}`;
    const note = byId("reader-note");
    note.hidden = place >= 0;
    note.textContent = place < 0 ? `The filters leave this ${what} out; it is shown because the address names it.` : "";
    const shown = shownRuns(), [a, b] = pair();
    const order = runs.length > 1 ? [...new Set([a, b].filter((run) => shown.includes(run))), ...shown.filter((run) => run !== a && run !== b)] : shown;
    const content = panel.querySelector(".reader-body");
    content.replaceChildren(...reader.render(record, order, runs.length > 1 && a !== b && shown.includes(a) && shown.includes(b)));
    for (const part of content.querySelectorAll(".pinned, .ask")) {
      part.tabIndex = 0;
      part.setAttribute("role", "group");
      part.setAttribute("aria-label", part.matches(".ask") ? "What is asked" : "Reference");
    }
  }

  function go(id, push, focus = true) {
    write({ at: id === null ? "" : `row-${id}` }, push);
    const before = opened;
    showRow();
    if (opened && focus) {
      byId("reader-title").focus({ preventScroll: true });
      panel.scrollIntoView({ block: "start" });
    } else if (!opened && before) {
      const link = (before.row.isConnected ? before.row : body).querySelector("a") ?? form.elements.find;
      link.focus({ preventScroll: true });
      link.scrollIntoView({ block: "center" });
    }
    if (opened) keepInIndex(opened.row);
  }

  /** Scroll the index, and nothing else, so that a row of it can be seen. */
  function keepInIndex(row) {
    const box = table.parentElement, head = table.tHead.offsetHeight;
    if (row.offsetTop - head < box.scrollTop) box.scrollTop = row.offsetTop - head;
    else if (row.offsetTop + row.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = row.offsetTop + row.offsetHeight - box.clientHeight;
  }

  /** To the next or previous row that is found; from one that isn't, to its neighbour by id. */
  function move(by, focus) {
    if (!found.length) return;
    let next = 0;
    if (opened) {
      const place = found.indexOf(opened);
      next = place >= 0 ? place + by : by > 0 ? found.findIndex((entry) => entry.id > opened.id) : found.findLastIndex((entry) => entry.id < opened.id);
    }
    if (next < 0 || next >= found.length) return;
    if (next >= limit) { limit = next + step; showIndex(); }
    go(found[next].id, !opened, focus);
  }

  // The address

  /** Put part of the state into the address; `push` makes a step that "back" undoes. */
  function write(part, push) {
    Object.assign(state, part);
    address.change(Object.fromEntries(Object.entries(part).map(([name, value]) => [name, value === first[name] ? "" : value])), push);
  }

  function read(from) {
    for (const name of Object.keys(state)) state[name] = from.get(name) ?? first[name] ?? "";
    for (const name of ["a", "b"]) if (first[name] && placeOf(state[name]) < 0) state[name] = first[name];
    if (!shownRuns().length) state.runs = "";
    form.elements.find.value = state.find;
    for (const name of choices) {
      const field = form.elements[name], options = [...field.options].map((option) => option.value);
      field.value = options.includes(state[name]) ? state[name] : name === "order" && state.order ? "other" : "";
      if (name !== "order" && !options.includes(state[name])) state[name] = field.value;
    }
    for (const box of form.querySelectorAll("input[name=run]")) box.checked = shownRuns().includes(placeOf(box.value));
    limit = step;
    update();
    if (opened) go(opened.id, false);
  }

  // What the user does

  function listen() {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.elements.find.addEventListener("input", () => { limit = step; write({ find: form.elements.find.value }, false); update(); });
    form.addEventListener("change", ({ target }) => {
      if (target.name === "find") return;
      limit = step;
      if (target.name === "run") chooseRuns(); else write({ [target.name]: target.value }, true);
      update();
    });
    for (const head of heads) addSort(head);
    byId("row-pager").firstElementChild.addEventListener("click", () => { limit = Infinity; showIndex(); });
    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (!row || event.ctrlKey || event.metaKey || event.shiftKey || !getSelection().isCollapsed) return;
      event.preventDefault();
      go(Number(row.id.slice("row-".length)), true);
    });
    panel.addEventListener("click", ({ target }) => {
      const by = target.closest("button[data-step]")?.dataset.step;
      if (by === "0") go(null, true); else if (by) move(Number(by), false);
    });
    addEventListener("keydown", onKey);
    byId("row-download").addEventListener("click", () => reader.save(found.map((entry) => reader.records.get(entry.id)), shownRuns()));
  }

  function chooseRuns() {
    const kept = [...form.querySelectorAll("input[name=run]:checked")].map((box) => box.value);
    write({ runs: kept.length === runs.length ? "" : kept.join(".") }, true);
    if (!kept.length) for (const box of form.querySelectorAll("input[name=run]")) box.checked = true; // none means all
  }

  function addSort(head) {
    window.sevenllmSortButton(head, () => {
      const up = ["id", "question"].includes(head.dataset.key), now = (state.order || "id,up").split(",");
      const rising = now[0] === head.dataset.key ? now[1] === "down" : up;
      const sort = `${head.dataset.key},${rising ? "up" : "down"}`;
      write({ order: sort === "id,up" ? "" : sort }, true);
      form.elements.order.value = [...form.elements.order.options].some((option) => option.value === state.order) ? state.order : "other";
      update();
    });
  }

  function onKey(event) {
    const typing = event.target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]");
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing) return;
    if (event.key === "Escape" && opened) go(null, true);
    else if (byId("row-keys").checked && (event.key === "j" || event.key === "k")) move(event.key === "j" ? 1 : -1, true);
  }

  try {
    reader = new Reader(await unpack(window.sevenllmRows), runs, panel);
  } catch {
    byId("no-texts").hidden = false;
    for (const element of [form.elements.find.parentElement, form.elements.reading.parentElement, byId("row-download")]) element.hidden = true;
  }
  listen();
  address.follow(read);
  table.dataset.ready = "";
})();
