// The review of a corpus: rows one by one, a person's decisions kept in the browser, and saved as decisions.json.
// Texts of rows are from models and from the web: they become text nodes, never markup.
"use strict";
(() => {
  const data = window.sevenllmReview;
  const rows = data.rows;
  const byId = new Map(rows.map((row, place) => [row.id, place]));
  const key = `sevenllm-review-${data.build}`;
  const words = { accept: "accepted", reject: "rejected", edit: "edited" };
  const $ = (id) => document.getElementById(id);
  const filters = {};
  let found = rows.map((row, place) => place);
  let current = rows.length ? 0 : -1; // place among all rows
  let editing = false;
  let isKept = true;
  let isSaved = true;

  // --- decisions -------------------------------------------------------------------------------------------------

  const decisions = new Map();

  const isSound = (decision) => {
    const place = byId.get(decision?.id);
    return place !== undefined && rows[place].sha256 === decision.sha256 && Object.hasOwn(words, decision.action);
  };

  // Those of the build itself, unless this browser has later ones.
  function restore() {
    const ofBuild = rows.filter((row) => row.decided).map((row) => ({ id: row.id, sha256: row.sha256, ...row.decided }));
    try {
      const stored = localStorage.getItem(key);
      for (const decision of stored ? JSON.parse(stored) : ofBuild) if (isSound(decision)) decisions.set(decision.id, decision);
      localStorage.setItem(key, JSON.stringify([...decisions.values()]));
    } catch {
      isKept = false;
      for (const decision of decisions.size ? [] : ofBuild) decisions.set(decision.id, decision);
      warn("This browser keeps nothing for this page: save the decisions before you close it.");
    }
  }

  function keep() {
    isSaved = false;
    if (!isKept) return;
    try {
      localStorage.setItem(key, JSON.stringify([...decisions.values()]));
    } catch {
      isKept = false;
      warn("The browser's space for this page is full: save the decisions before you close it.");
    }
  }

  function warn(text) {
    $("warning").textContent = text;
    $("warning").hidden = !text;
  }

  function decide(action, changes = {}) {
    if (current < 0) return;
    const row = rows[current];
    decisions.set(row.id, { id: row.id, sha256: row.sha256, action, ...changes });
    keep();
  }

  function asFile() {
    const ordered = rows.filter((row) => decisions.has(row.id)).map((row) => decisions.get(row.id));
    return JSON.stringify({ format: data.format, build: data.build, decisions: ordered }, null, 1) + "\n";
  }

  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([asFile()], { type: "application/json" }));
    link.download = "decisions.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    isSaved = true;
    showProgress();
  }

  async function load(file) {
    let read;
    try {
      read = JSON.parse(await file.text());
    } catch {
      return warn(`${file.name}: no JSON.`);
    }
    if (read?.format !== data.format || !Array.isArray(read.decisions)) return warn(`${file.name}: not the decisions of a review page.`);
    if (read.build !== data.build) return warn(`${file.name}: the decisions of another build.`);
    const sound = read.decisions.filter(isSound);
    for (const decision of sound) decisions.set(decision.id, decision);
    keep();
    warn(sound.length < read.decisions.length ? `${read.decisions.length - sound.length} decisions are about other rows, and were left out.` : "");
    find();
  }

  // --- filters ---------------------------------------------------------------------------------------------------

  const fold = (text) => text.normalize("NFKC").toLowerCase();
  const texts = new Map();
  const textOf = (place) => {
    if (!texts.has(place)) {
      const { id, source, instruction, input, thought, output, reason, task } = rows[place];
      texts.set(place, fold([id, source, instruction, input, thought, JSON.stringify(output), reason, task].join("\n")));
    }
    return texts.get(place);
  };

  function matches(place, searched) {
    const row = rows[place];
    const values = { ...row, state: row.reason ? "rejected" : "passed", decision: decisions.get(row.id)?.action ?? "none" };
    return Object.entries(filters).every(([name, wanted]) => !wanted || values[name] === wanted) && searched.every((word) => textOf(place).includes(word));
  }

  function find() {
    const searched = fold($("search").value).split(/\s+/).filter(Boolean);
    found = [];
    for (let place = 0; place < rows.length; place += 1) if (matches(place, searched)) found.push(place);
    if (!found.includes(current)) current = found.length ? found[0] : -1;
    editing = false;
    show();
  }

  // --- moving ----------------------------------------------------------------------------------------------------

  function step(by) {
    const at = found.indexOf(current);
    go(found[Math.min(found.length - 1, Math.max(0, at + by))]);
  }

  function go(place) {
    if (place === undefined) return;
    current = place;
    editing = false;
    show();
    $("row").focus({ preventScroll: true });
    if ($("row").getBoundingClientRect().top < 0) $("row").scrollIntoView();
  }

  function nextOpen() {
    const at = found.indexOf(current);
    const order = [...found.slice(at + 1), ...found.slice(0, at + 1)];
    go(order.find((place) => !decisions.has(rows[place].id)));
  }

  function act(action) {
    if (current < 0) return;
    decide(action);
    if (found.indexOf(current) < found.length - 1) step(1); else show();
  }

  function undo() {
    if (current < 0) return;
    decisions.delete(rows[current].id);
    keep();
    show();
  }

  // --- showing ---------------------------------------------------------------------------------------------------

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  // What can't be seen is spelled out, as on the other pages.
  const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff]|[\u{e0000}-\u{e007f}]/gu;

  const most = 50_000; // characters of a text that are shown; an edit has all of it

  function visible(text) {
    if (text.length > most) {
      const note = element("span", { className: "spelled", textContent: `${text.length - most} more characters` });
      const cut = visible(text.slice(0, most));
      cut.append("… ", note);
      return cut;
    }
    const made = document.createDocumentFragment();
    let end = 0;
    for (const match of text.matchAll(hidden)) {
      made.append(text.slice(end, match.index));
      const code = match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
      made.append(element("span", { className: "spelled", textContent: `⟨U+${code}⟩` }));
      end = match.index + match[0].length;
    }
    made.append(text.slice(end));
    return made;
  }

  function leaves(value, into = new Set()) {
    if (value !== null && typeof value === "object") for (const item of Object.values(value)) leaves(item, into);
    else into.add(String(value));
    return into;
  }

  // Places of a text that hold one of some values, joined where they overlap.
  function spansOf(text, values) {
    const spans = [];
    for (const value of values) {
      if (!value.trim()) continue;
      for (let at = text.indexOf(value), times = 0; at >= 0 && times < 50; at = text.indexOf(value, at + value.length), times += 1) spans.push([at, at + value.length]);
    }
    spans.sort((one, other) => one[0] - other[0] || other[1] - one[1]);
    const joined = [];
    for (const [begin, end] of spans) {
      const last = joined.at(-1);
      if (last && begin < last[1]) last[1] = Math.max(last[1], end); else joined.push([begin, end]);
    }
    return joined;
  }

  function withMarks(text, spans) {
    const made = document.createDocumentFragment();
    let end = 0;
    for (const [from, to] of spans) {
      made.append(visible(text.slice(end, from)), element("mark", {}, visible(text.slice(from, to))));
      end = to;
    }
    made.append(visible(text.slice(end)));
    return made;
  }

  const asText = (output) => (typeof output === "string" ? output : JSON.stringify(output, null, 2));

  // The row as it is with the person's changes.
  function changed(row) {
    const { action, id, sha256, ...changes } = decisions.get(row.id) ?? {};
    return { ...row, ...changes };
  }

  const lang = (row) => (row.language === "zh" ? "zh-Hans" : "en");
  const block = (row, ...children) => element("div", { className: "text", dir: "auto", lang: lang(row) }, ...children);
  const part = (title, ...children) => [element("h3", { textContent: title }), ...children];

  function sourceOf(row, values) {
    const excerpt = data.excerpts[row.excerpt];
    const begin = excerpt.indexOf(row.input);
    if (begin < 0) return [block(row, element("span", { className: "span" }, withMarks(row.input, spansOf(row.input, values))))];
    return [
      block(
        row,
        element("span", { className: "outside" }, visible(excerpt.slice(0, begin))),
        element("span", { className: "span" }, withMarks(row.input, spansOf(row.input, values))),
        element("span", { className: "outside" }, visible(excerpt.slice(begin + row.input.length))),
      ),
      element("p", { className: "note", textContent: "The underlined part is the row's input; values of the answer are marked in it." }),
    ];
  }

  function optionsOf(row) {
    const items = Object.entries(row.choices).map(([letter, option]) =>
      element("li", { className: letter === row.output ? "right" : "" }, visible(`${letter}. ${option}${letter === row.output ? " ✓" : ""}`)));
    return items.length ? [element("ul", { className: "options", dir: "auto", lang: lang(row) }, ...items)] : [];
  }

  function ungrounded(row, values) {
    const missing = row.kind === "understanding" ? [...values].filter((value) => !row.input.includes(value) && !row.instruction.includes(value)) : [];
    return missing.length ? [element("p", { className: "note bad" }, visible(`Not in the input: ${missing.slice(0, 10).join("; ")}`))] : [];
  }

  function buttons() {
    const entries = [["accept", "Accept (a)", () => act("accept")], ["reject", "Reject (r)", () => act("reject")], ["edit", "Edit (e)", edit], ["undo", "Take back (u)", undo]];
    const decision = decisions.get(rows[current].id)?.action;
    return element("p", { className: "actions" }, ...entries.map(([name, title, onclick]) => {
      const made = element("button", { type: "button", textContent: title, onclick, disabled: name === "undo" && !decision });
      made.dataset.action = name;
      if (name !== "undo") made.setAttribute("aria-pressed", String(decision === name));
      return made;
    }));
  }

  function facts(row) {
    const entries = {
      Id: row.id, Source: row.source, Licence: row.licence, Model: row.model, Grade: row.grade ?? "",
      Scores: Object.entries(row.scores).map(([name, score]) => `${name} ${Math.round(score * 1000) / 1000}`).join(", "),
      "Written twice": row.repaired ? "yes" : "",
    };
    const filled = Object.entries(entries).filter(([, value]) => value !== "");
    return element("dl", {}, ...filled.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", {}, visible(String(value)))]));
  }

  function showRow() {
    const view = $("row");
    if (current < 0) return view.replaceChildren(element("h2", { id: "h-row", textContent: "No row" }));
    const row = changed(rows[current]);
    const values = row.kind === "mcq" ? new Set([row.choices[row.output] ?? ""]) : row.kind === "understanding" ? leaves(row.output) : new Set();
    const decision = decisions.get(row.id)?.action;
    view.replaceChildren(
      element("h2", { id: "h-row" }, visible(row.task), element("small", { textContent: ` ${row.kind}, ${row.language}` })),
      element("p", { className: "state" },
        element("span", { className: `tag ${row.reason ? "" : "good"}`, textContent: row.reason ? "rejected by a check" : "passed the checks" }),
        ...(decision ? [" ", element("span", { className: `tag decision ${decision}`, textContent: words[decision] })] : [])),
      ...(row.reason ? [element("p", { className: "warning" }, visible(row.reason))] : []),
      buttons(),
      ...(editing ? form(row) : [
        ...part("Instruction", block(row, visible(row.instruction)), ...optionsOf(row)),
        ...part("Source", ...sourceOf(row, values)),
        ...part("Thought", block(row, visible(row.thought))),
        ...part("Answer", block(row, visible(asText(row.output))), ...ungrounded(row, values)),
        facts(row),
      ]),
    );
    const input = view.querySelector(".text > .span");
    if (input) {
      const box = input.parentElement;
      box.scrollTop += input.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 4;
    }
  }

  function showList() {
    const at = found.indexOf(current);
    const first = at < 0 ? 0 : Math.floor(at / data.page) * data.page;
    const shown = found.slice(first, first + data.page);
    $("rows").start = first + 1;
    $("rows").replaceChildren(...shown.map((place) => {
      const row = rows[place];
      const decision = decisions.get(row.id)?.action;
      const made = element("button", { type: "button", onclick: () => go(place) },
        element("span", { className: "name" }, visible(row.task)),
        element("small", { textContent: `${row.kind}, ${row.language}${row.check ? `, rejected: ${row.check}` : ""}` }),
        ...(decision ? [element("small", { className: `decision ${decision}`, textContent: words[decision] })] : []));
      if (place === current) made.setAttribute("aria-current", "true");
      return element("li", {}, made);
    }));
    $("earlier").disabled = first === 0;
    $("later").disabled = first + data.page >= found.length;
    $("place").textContent = found.length ? `${first + 1}–${first + shown.length} of ${found.length}` : "";
    $("earlier").onclick = () => go(found[first - data.page]);
    $("later").onclick = () => go(found[first + data.page]);
    const marked = $("rows").querySelector("[aria-current]");
    if (marked) $("rows").scrollTop = marked.offsetTop - $("rows").offsetTop - $("rows").clientHeight / 2;
  }

  function showProgress() {
    $("count").textContent = `${found.length} of ${rows.length} rows`;
    $("progress").textContent = `${decisions.size} of ${rows.length} decided${decisions.size && !isSaved ? ", not saved as a file" : ""}`;
  }

  function show() {
    showList();
    showRow();
    showProgress();
  }

  // --- editing ---------------------------------------------------------------------------------------------------

  function edit() {
    if (current < 0) return;
    editing = true;
    showRow();
    $("row").querySelector("textarea").focus();
  }

  function field(name, title, text, lines) {
    return element("label", {}, title, element("textarea", { name, value: text, rows: lines, spellcheck: false, dir: "auto" }));
  }

  function form(row) {
    const letters = Object.keys(row.choices);
    const made = element("form", { className: "edit", id: "edit" },
      field("instruction", "Instruction", row.instruction, 3),
      ...letters.map((letter) => field(`choice ${letter}`, `Option ${letter}`, row.choices[letter], 1)),
      field("thought", "Thought", row.thought, 4),
      field("output", row.kind === "understanding" ? "Answer (a JSON object)" : row.kind === "mcq" ? "Answer (A, B, C or D)" : "Answer", asText(row.output), 8),
      element("p", { className: "warning", id: "refused", hidden: true }),
      element("p", { className: "actions" },
        element("button", { type: "submit", textContent: "Keep the edit (Ctrl+Enter)" }),
        element("button", { type: "button", textContent: "Drop it (Esc)", onclick: () => { editing = false; show(); } })));
    made.addEventListener("submit", (event) => { event.preventDefault(); keepEdit(); });
    return [made, ...part("Source", ...sourceOf(row, row.kind === "understanding" ? leaves(row.output) : new Set()))];
  }

  function refuse(text) {
    $("refused").textContent = text;
    $("refused").hidden = false;
  }

  function outputOf(row, text) {
    if (row.kind === "mcq") return Object.hasOwn(row.choices, text.trim()) ? text.trim() : undefined;
    if (row.kind === "generation") return text.trim() || undefined;
    try {
      const value = JSON.parse(text);
      return value !== null && typeof value === "object" && !Array.isArray(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  function keepEdit() {
    const row = rows[current];
    const entered = Object.fromEntries(new FormData($("edit")));
    const output = outputOf(row, entered.output);
    if (output === undefined) return refuse(row.kind === "understanding" ? "The answer is no JSON object." : row.kind === "mcq" ? "The answer is none of the letters." : "The answer is empty.");
    if (!entered.instruction.trim() || !entered.thought.trim()) return refuse("Instruction and thought can't be empty.");
    const choices = Object.fromEntries(Object.keys(row.choices).map((letter) => [letter, entered[`choice ${letter}`].trim()]));
    if (new Set(Object.values(choices)).size < Object.keys(choices).length) return refuse("Two options are the same.");
    const values = { instruction: entered.instruction.trim(), choices, thought: entered.thought.trim(), output };
    const changes = Object.fromEntries(Object.entries(values).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(row[name])));
    decide(Object.keys(changes).length ? "edit" : "accept", changes);
    editing = false;
    show();
    $("row").focus({ preventScroll: true });
  }

  // --- keys ------------------------------------------------------------------------------------------------------

  const keys = {
    j: () => step(1), ArrowRight: () => step(1), k: () => step(-1), ArrowLeft: () => step(-1),
    a: () => act("accept"), r: () => act("reject"), e: edit, u: undo, n: nextOpen, s: save,
  };

  addEventListener("keydown", (event) => {
    if (editing && event.key === "Escape") { editing = false; show(); $("row").focus({ preventScroll: true }); return; }
    if (editing && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); keepEdit(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || editing) return;
    if (event.target.closest("input, select, textarea")) return;
    if (Object.hasOwn(keys, event.key)) { event.preventDefault(); keys[event.key](); }
  });

  $("filters").addEventListener("input", (event) => {
    if (event.target.dataset.filter) filters[event.target.dataset.filter] = event.target.value;
    find();
  });
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("save").addEventListener("click", save);
  $("load").addEventListener("change", (event) => { if (event.target.files.length) load(event.target.files[0]); event.target.value = ""; });
  addEventListener("beforeunload", (event) => { if (!isKept && !isSaved) event.preventDefault(); });

  restore();
  show();
})();
