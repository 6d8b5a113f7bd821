// Tables that sort, search, filter and show their rows by the hundred; the switches, copy buttons and opened rows of pages.
// Rows come from the page itself: nothing here makes HTML from text.
"use strict";
(() => {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const fold = (text) => text.normalize("NFKC").toLowerCase();

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
      this.heads.forEach((head, column) => { if (head.dataset.sort) this.addButton(head, column); });
      this.tools = document.querySelector(`.tools[data-for="${table.id}"]`);
      if (this.tools) this.addTools();
      if (this.step < this.entries.length) this.addPager();
      const first = this.heads.findIndex((head) => head.dataset.first);
      if (first >= 0) this.sort(first, this.heads[first].dataset.first === "descending"); else this.show();
    }

    addButton(head, column) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const falling = this.column === column ? !this.falling : head.dataset.sort === "number" && !head.dataset.rising;
        this.sort(column, falling);
      });
    }

    addTools() {
      this.tools.addEventListener("submit", (event) => event.preventDefault());
      this.count = document.createElement("p");
      this.count.className = "count";
      this.count.setAttribute("role", "status");
      this.tools.append(this.count);
      const search = this.tools.querySelector("input[type=search]");
      search?.addEventListener("input", () => {
        this.words = fold(search.value).split(/\s+/).filter(Boolean);
        this.again();
      });
      for (const select of this.tools.querySelectorAll("select[data-filter]")) {
        select.addEventListener("change", () => { this.filters[select.dataset.filter] = select.value; this.again(); });
      }
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
      for (const [words, grow] of [[`Show ${this.step} more`, this.step], ["Show all", Infinity]]) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = words;
        button.addEventListener("click", () => { this.limit += grow; this.show(); });
        this.pager.append(button);
      }
      this.table.parentElement.after(this.pager);
    }

    again() {
      this.limit = this.step;
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
      this.column = column;
      this.falling = falling;
      this.heads.forEach((head, place) => {
        if (place === column) head.setAttribute("aria-sort", falling ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      const numeric = this.heads[column].dataset.sort === "number";
      const sign = falling ? -1 : 1;
      const lacks = (value) => (numeric ? Number.isNaN(value) : value === "" || value === "–");
      this.entries.sort((one, other) => {
        const a = this.key(one, column, numeric), b = this.key(other, column, numeric);
        if (lacks(a) || lacks(b)) return lacks(a) - lacks(b) || one.place - other.place;
        return sign * (numeric ? a - b : collator.compare(a, b)) || one.place - other.place;
      });
      this.again(); // from the top, since laying out a thousand rows takes most of a second
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
      const shown = this.found.slice(0, this.limit);
      this.body.replaceChildren(...shown.map((entry) => entry.row));
      if (this.table.dataset.details) {
        const kept = new Set(this.found);
        for (const entry of this.entries) { const details = this.details(entry); if (details) details.hidden = !kept.has(entry); }
      }
      if (this.pager) this.pager.hidden = shown.length >= this.found.length;
      if (this.count) {
        const sorted = this.column >= 0 ? `, sorted by ${this.heads[this.column].textContent.trim().replace(/\s+/g, " ")}` : "";
        const part = shown.length < this.found.length ? `, the first ${shown.length} shown` : "";
        this.count.textContent = `${this.found.length} of ${this.entries.length}${part}${sorted}`;
      }
    }
  }

  function addSwitches() {
    for (const field of document.querySelectorAll("fieldset[data-switch]")) {
      field.addEventListener("change", (event) => {
        for (const part of document.querySelectorAll(`[data-switched="${field.dataset.switch}"]`)) {
          part.hidden = part.dataset.value !== event.target.value;
        }
      });
    }
  }

  function addCopying() {
    for (const button of document.querySelectorAll("button.copy")) {
      button.addEventListener("click", async () => {
        const text = button.previousElementSibling.textContent;
        try {
          await navigator.clipboard.writeText(text);
          button.textContent = "Copied";
        } catch {
          getSelection().selectAllChildren(button.previousElementSibling);
          button.textContent = "Selected: copy with the keyboard";
        }
      });
    }
  }

  function openTarget() {
    const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.querySelector("summary").focus({ preventScroll: true });
      target.scrollIntoView();
    }
  }

  window.sevenllmTables = Object.fromEntries([...document.querySelectorAll("table.sortable")].map((table) => [table.id, new Sorted(table)]));
  addSwitches();
  addCopying();
  addEventListener("hashchange", openTarget);
  openTarget();
})();
