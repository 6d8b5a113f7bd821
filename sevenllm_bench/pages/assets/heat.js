// The heat map: score, difference or rank in its cells; one tab stop, with the arrow keys between cells; the cell in words below.
// All texts were made when the page was built: nothing is rounded here.
"use strict";
(() => {
  const VIEWS = ["score", "difference", "rank"];
  const tables = [];
  const says = document.getElementById("heat-cell");
  const choice = document.querySelector('fieldset[data-switch="heat-view"]');
  if (!says) return;

  /** Text and class of a cell in each view. */
  const views = (link) => link.dataset.views.split("|").map((view) => view.split(" "));

  function show(view) {
    const place = Math.max(0, VIEWS.indexOf(view));
    for (const table of tables) {
      table.dataset.view = VIEWS[place];
      for (const link of table.querySelectorAll("a[data-views]")) {
        const [text, colour] = views(link)[place];
        link.textContent = text;
        link.parentElement.setAttribute("class", (link.parentElement.classList.contains("few") ? "few " : "") + colour);
      }
    }
  }

  const name = (head) => {
    const label = head.querySelector(".label");
    return label ? label.dataset.full ?? label.textContent : head.textContent.trim();
  };

  /** What a cell says, in words, from the table around it. */
  function describe(link) {
    const cell = link.parentElement, row = cell.parentElement, table = row.closest("table");
    const heads = [...table.tHead.rows[1].cells], place = cell.cellIndex - 1;
    let count = cell;
    while (!count.classList.contains("n")) count = count.previousElementSibling;
    const language = [...table.tHead.rows[0].cells].slice(1)[heads.slice(0, place).filter((head) => head.classList.contains("n")).length - 1];
    const [score, difference, rank] = views(link).map((view) => view[0]);
    const others = heads.filter((head) => head.classList.contains("run")).length / heads.filter((head) => head.classList.contains("n")).length;
    const more = others > 1 ? ` (${difference === "–" ? "" : `${difference} from the baseline, `}rank ${rank} of ${others})` : "";
    return `${name(heads[place])}, ${row.cells[0].firstChild.textContent.trim()}, ${language.textContent.trim()}: ${score}${more}, n = ${count.firstChild?.textContent.trim() ?? ""}`;
  }

  function tell(event) {
    const link = event.target.closest?.("a[data-views]");
    if (!link) return;
    const words = describe(link);
    link.setAttribute("title", words);
    says.textContent = words;
  }

  const links = (row) => [...row.querySelectorAll("a[data-views]")];

  /** The cell in the same column of the next row that has one, or at the row's or table's end. */
  function target(link, key, far) {
    const row = link.closest("tr"), rows = [...row.closest("table").querySelectorAll("tr")].filter((one) => links(one).length);
    const own = links(row), place = own.indexOf(link), there = rows.indexOf(row);
    if (key === "ArrowRight") return own[place + 1];
    if (key === "ArrowLeft") return own[place - 1];
    if (key === "Home") return far ? links(rows[0])[0] : own[0];
    if (key === "End") return far ? links(rows.at(-1)).at(-1) : own.at(-1);
    const column = link.parentElement.cellIndex, step = key === "ArrowDown" ? 1 : -1;
    for (let next = there + step; rows[next]; next += step) {
      const found = links(rows[next]).find((one) => one.parentElement.cellIndex === column);
      if (found) return found;
    }
    return undefined;
  }

  function move(event) {
    const link = event.target.closest?.("a[data-views]");
    if (!link || event.altKey || event.metaKey || event.shiftKey || !/^(Arrow(Up|Down|Left|Right)|Home|End)$/.test(event.key)) return;
    event.preventDefault();
    const next = target(link, event.key, event.ctrlKey);
    if (next) { stop(link.closest("table"), next); next.focus(); }
  }

  /** Make one cell of a table its tab stop. */
  function stop(table, link) {
    table.querySelector('a[tabindex="0"]')?.setAttribute("tabindex", "-1");
    link?.setAttribute("tabindex", "0");
  }

  function prepare(table) {
    tables.push(table);
    for (const link of table.querySelectorAll("a[data-views]")) link.setAttribute("tabindex", "-1");
    stop(table, table.querySelector("a[data-views]"));
    table.addEventListener("keydown", move);
    table.addEventListener("focusin", tell);
    table.addEventListener("pointerover", tell);
    table.addEventListener("focusin", (event) => { const link = event.target.closest("a[data-views]"); if (link) stop(table, link); });
  }
  document.querySelectorAll(".heat-table").forEach(prepare);
  document.addEventListener("sevenllm-filled", (event) => {
    event.detail.querySelectorAll(".heat-table").forEach(prepare);
    show(choice?.querySelector("input:checked")?.value ?? "score");
  });
  choice?.addEventListener("change", (event) => show(event.target.value));
  window.sevenllmAddress.follow((state) => show(state.get("heat-view") ?? "score"));
})();
