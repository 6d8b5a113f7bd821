// Tables that sort, search, filter and show their rows by the hundred; their state is in the address (address.js).
// Rows come from the page itself: nothing here makes HTML from text.
"use strict";
(() => {
  const address = window.sevenllmAddress;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const fold = (text) => text.normalize("NFKC").toLowerCase();
  const slug = (text) => fold(text).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 40);

  /** Make what is in a heading a button. */
  function sortButton(head, apply) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", apply);
  }
  window.sevenllmSortButton = sortButton;

  class Sorted {
    constructor(table) {
      this.table = table;
      this.body = table.tBodies[0];
      this.entries = [...table.tBodies].flatMap((body) => [...body.rows]).map((row, place) => ({ row, place, keys: [], text: null }));
      for (const rest of [...table.tBodies].slice(1)) rest.remove(); // hidden by the style sheet, so that nothing lays it out
      this.step = Number(table.dataset.page) || Infinity;
      this.limit = this.step;
      this.column = -1;
      this.falling = false;
      this.filters = {};
      this.words = [];
      this.heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
      this.keys = this.columnKeys();
      this.first = this.heads.findIndex((head) => head.dataset.first);
      const named = [...(this.entries[0]?.row.cells ?? [])].findIndex((cell) => cell.tagName === "TH");
      this.heads[named]?.classList.add("first"); // stays at the left with the names below it
      this.heads.forEach((head, column) => { if (head.dataset.sort) this.addButton(head, column); });
      this.tools = document.querySelector(`.tools[data-for="${table.id}"]`);
      if (this.tools) this.addTools();
      if (this.step < this.entries.length) this.addPager();
      address.follow((state) => this.apply(state));
    }

    /** What the columns are called in the address: their headings, or their numbers where two are alike. */
    columnKeys() {
      const names = this.heads.map((head) => head.dataset.key ?? slug(head.textContent));
      return names.map((name, column) => (name && names.indexOf(name) === column ? name : `column-${column + 1}`));
    }

    addButton(head, column) {
      sortButton(head, () => {
        const falling = this.column === column ? !this.falling : head.dataset.sort === "number" && !head.dataset.rising;
        this.choose({ sort: `${this.keys[column]},${falling ? "down" : "up"}`, show: "" }, true);
      });
    }

    addTools() {
      this.tools.addEventListener("submit", (event) => event.preventDefault());
      this.count = document.createElement("p");
      this.count.className = "count";
      this.count.setAttribute("role", "status");
      this.tools.append(this.count);
      this.search = this.tools.querySelector("input[type=search]");
      this.search?.addEventListener("input", () => this.choose({ q: this.search.value, show: "" }));
      this.selects = [...this.tools.querySelectorAll("select[data-filter]")];
      for (const select of this.selects) {
        select.addEventListener("change", () => this.choose({ [select.dataset.filter]: select.value, show: "" }, true));
      }
      this.addNarrow();
      this.tools.querySelector(".open-all")?.addEventListener("click", (event) => {
        const shown = this.found.map((entry) => this.details(entry)).filter(Boolean);
        const open = shown.some((details) => !details.open);
        shown.forEach((details) => { details.open = open; });
        event.target.textContent = open ? "Close all shown" : "Open all shown";
      });
    }

    addPager() {
      this.pager = document.createElement("p");
      this.pager.className = "pager";
      for (const [words, next] of [[`Show ${this.step} more`, () => String(this.limit + this.step)], ["Show all", () => "all"]]) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = words;
        button.addEventListener("click", () => this.choose({ show: next() }, true));
        this.pager.append(button);
      }
      this.table.parentElement.after(this.pager);
    }

    /** On narrow screens filters are behind a button, and columns that aren't the first ones behind another. */
    addNarrow() {
      const button = (words, name, apply) => {
        const made = document.createElement("button");
        made.type = "button";
        made.className = `only-narrow ${name}`;
        made.textContent = words;
        made.addEventListener("click", apply);
        this.tools.insertBefore(made, this.count);
        return made;
      };
      if (this.selects.length > 1) {
        const closed = (is) => { this.tools.classList.toggle("closed", is); toggle.setAttribute("aria-expanded", String(!is)); };
        const toggle = button("Filters", "filters", () => closed(!this.tools.classList.contains("closed")));
        closed(!this.selects.some((select) => address.read().get(`${this.table.id}.${select.dataset.filter}`)));
      }
      if (this.table.querySelector("thead .extra")) {
        this.columns = button("All columns", "columns", () => this.choose({ columns: this.table.classList.contains("all-columns") ? "" : "all" }));
      }
    }

    /** Put what the user chose into the address, and show it. */
    choose(changes, push = false) {
      const place = this.table.closest("section[id]")?.id;
      const own = Object.fromEntries(Object.entries(changes).map(([name, value]) => [`${this.table.id}.${name}`, value]));
      address.change(place ? { ...own, at: place } : own, push);
      this.apply(address.read(), changes);
    }

    /** Show the table as a state of the address says; the newest changes count even where the address can't be written. */
    apply(state, newest = {}) {
      const value = (name) => newest[name] ?? state.get(`${this.table.id}.${name}`) ?? "";
      const [key, way] = value("sort").split(/,(?=[^,]*$)/);
      const asked = this.keys.indexOf(key);
      const column = asked >= 0 && this.heads[asked].dataset.sort ? asked : this.first;
      const falling = column === asked ? way === "down" : this.heads[column]?.dataset.first === "descending";
      const filters = this.selects?.map((select) => [select.dataset.filter, value(select.dataset.filter)]) ?? [];
      const limit = value("show") === "all" ? Infinity : Math.max(Number.parseInt(value("show"), 10) || 0, this.step);
      if (this.columns) {
        this.table.classList.toggle("all-columns", value("columns") === "all");
        this.columns.setAttribute("aria-pressed", String(value("columns") === "all"));
      }
      const wanted = JSON.stringify([column, falling, value("q"), filters, String(limit)]);
      if (wanted === this.shown) return;
      this.shown = wanted;
      if (this.search && this.search.value !== value("q")) this.search.value = value("q");
      this.words = this.search ? fold(value("q")).split(/\s+/).filter(Boolean) : [];
      for (const select of this.selects ?? []) {
        select.value = value(select.dataset.filter);
        if (select.selectedIndex < 0) select.value = ""; // no such value in this page
        this.filters[select.dataset.filter] = select.value;
      }
      this.limit = limit;
      this.sort(column, falling);
      this.show();
    }

    key(entry, column, numeric) {
      if (entry.keys[column] === undefined) {
        const cell = entry.row.cells[column];
        const value = cell.dataset.v;
        entry.keys[column] = numeric ? (value ? Number(value) : NaN) : (value ?? cell.textContent).trim();
      }
      return entry.keys[column];
    }

    sort(column, falling) {
      if (column === this.column && falling === this.falling) return;
      this.column = column;
      this.falling = falling;
      this.heads.forEach((head, place) => {
        if (place === column) head.setAttribute("aria-sort", falling ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      if (column < 0) { this.entries.sort((one, other) => one.place - other.place); return; }
      const numeric = this.heads[column].dataset.sort === "number";
      const sign = falling ? -1 : 1;
      const lacks = (value) => (numeric ? Number.isNaN(value) : value === "" || value === "–");
      this.entries.sort((one, other) => {
        const a = this.key(one, column, numeric), b = this.key(other, column, numeric);
        if (lacks(a) || lacks(b)) return lacks(a) - lacks(b) || one.place - other.place;
        return sign * (numeric ? a - b : collator.compare(a, b)) || one.place - other.place;
      });
    }

    matches(entry) {
      for (const [name, wanted] of Object.entries(this.filters)) {
        if (wanted && !(entry.row.dataset[name] || "").split("|").includes(wanted)) return false;
      }
      if (!this.words.length) return true;
      entry.text ??= fold(entry.row.textContent + " " + (this.details(entry)?.textContent ?? ""));
      return this.words.every((word) => entry.text.includes(word));
    }

    details(entry) {
      return this.table.dataset.details ? document.getElementById(this.table.dataset.details + entry.row.dataset.id) : null;
    }

    show() {
      this.found = this.entries.filter((entry) => this.matches(entry));
      this.fill(this.limit);
      if (this.table.dataset.details) {
        const kept = new Set(this.found);
        for (const entry of this.entries) { const details = this.details(entry); if (details) details.hidden = !kept.has(entry); }
      }
      const shown = Math.min(this.limit, this.found.length);
      if (this.pager) this.pager.hidden = shown >= this.found.length;
      if (this.count) {
        const sorted = this.column >= 0 ? `, sorted by ${this.heads[this.column].textContent.trim().replace(/\s+/g, " ")}` : "";
        const part = shown < this.found.length ? `, the first ${shown} shown` : "";
        this.count.textContent = `${this.found.length} of ${this.entries.length}${part}${sorted}`;
      }
      document.dispatchEvent(new CustomEvent("sevenllm-shown", { detail: this.table }));
    }

    /** Put rows into the page: not more than needed, since laying out a thousand takes most of a second. */
    fill(limit) {
      this.body.replaceChildren(...this.found.slice(0, limit).map((entry) => entry.row));
      window.sevenllmRove?.(this.table);
    }
  }

  /** Put what a part holds as a template into it, when it is first shown; other scripts hear of it. */
  function fill(part) {
    const held = part.querySelector(":scope > template");
    if (!held) return;
    held.replaceWith(held.content);
    for (const own of part.querySelectorAll("[data-switched]")) {
      const field = document.querySelector(`fieldset[data-switch="${own.dataset.switched}"] input:checked`);
      own.hidden = own.dataset.value !== field?.value;
    }
    document.dispatchEvent(new CustomEvent("sevenllm-filled", { detail: part }));
  }

  /** Fieldsets that show one of several parts; the value that the page begins with isn't in the address. */
  function addSwitches() {
    for (const field of document.querySelectorAll("fieldset[data-switch]")) {
      const name = field.dataset.switch;
      const inputs = [...field.querySelectorAll("input[type=radio]")];
      const first = inputs.find((input) => input.defaultChecked)?.value ?? "";
      const apply = (value) => {
        const chosen = inputs.find((input) => input.value === value) ?? inputs.find((input) => input.value === first);
        if (chosen) chosen.checked = true;
        for (const part of document.querySelectorAll(`[data-switched="${name}"]`)) {
          part.hidden = part.dataset.value !== chosen?.value;
          if (!part.hidden) fill(part);
        }
      };
      field.addEventListener("change", (event) => {
        address.change({ [name]: event.target.value === first ? "" : event.target.value, at: field.closest("section[id]")?.id ?? "" }, true);
        apply(event.target.value);
      });
      address.follow((state) => apply(state.get(name) ?? first));
    }
  }

  window.sevenllmTables = Object.fromEntries([...document.querySelectorAll("table.sortable")].map((table) => [table.id, new Sorted(table)]));
  addSwitches();
  /** What is folded is open in print. */
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open], .copy-table, .choose-runs, .values, .more)")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of opened) details.open = false; opened = []; });
  addEventListener("beforeprint", () => { for (const table of Object.values(window.sevenllmTables)) table.fill(Infinity); });
  addEventListener("afterprint", () => { for (const table of Object.values(window.sevenllmTables)) table.fill(table.limit); });
})();
