// Tables as CSV, Markdown and LaTeX: as they are filtered and sorted, with all their pages; names in full, figures with their
// intervals.
"use strict";
(() => {
  const spaces = (text) => text.replace(/\s+/g, " ").trim();
  const span = (cell, name) => Math.max(1, Number(cell.getAttribute(name)) || 1);

  /** The text of a part of a cell: shortened names in full, without what is only for screen readers. */
  function textOf(node) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches(".sr, .pick, svg, [data-copy=no]")) return "";
    const full = node.matches("[data-full], .label[title]") ? node.dataset.full ?? node.title : "";
    if (full) return full;
    return [...node.childNodes].map((child) => (child instanceof Element && isNote(child) ? "" : textOf(child))).join(" ");
  }

  const isNote = (element) => element.matches("small, .tag");

  /** What a cell says, and its notes: the interval, or why there is none. */
  function parts(cell) {
    const notes = [...cell.querySelectorAll("small, .tag")].filter((note) => !note.parentElement.closest("small, .tag, .sr"));
    const inside = (note) => spaces([...note.childNodes].map(textOf).join(" "));
    return { main: spaces([...cell.childNodes].map((child) => (child instanceof Element && isNote(child) ? "" : textOf(child))).join(" ")), note: notes.map(inside).filter(Boolean).join("; ") };
  }

  /** The headings by column, joined where a heading is over several rows or columns. */
  function headings(table) {
    const grid = [...table.tHead.rows].map(() => []);
    [...table.tHead.rows].forEach((row, at) => {
      let column = 0;
      for (const cell of row.cells) {
        while (grid[at][column] !== undefined) column += 1;
        const { main, note } = parts(cell);
        const text = cell.dataset.copy === "no" ? null : spaces(`${main} ${note}`);
        for (let down = 0; down < span(cell, "rowspan") && at + down < grid.length; down += 1) {
          for (let right = 0; right < span(cell, "colspan"); right += 1) grid[at + down][column + right] = down ? "" : text;
        }
        column += span(cell, "colspan");
      }
    });
    const count = Math.max(...grid.map((row) => row.length));
    return Array.from({ length: count }, (_, column) => (grid.some((row) => row[column] === null) ? null : spaces(grid.map((row) => row[column] ?? "").join(" "))));
  }

  /** Headings and rows of { main, note }; a row that is a heading over others becomes a column. */
  function content(table) {
    const heads = headings(table);
    const sorted = window.sevenllmTables?.[table.id];
    const all = sorted ? sorted.found.map((entry) => entry.row) : [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.hidden);
    let group = "";
    const rows = [], groups = [];
    for (const row of all) {
      if (row.cells.length === 1 && span(row.cells[0], "colspan") > 1) { const { main, note } = parts(row.cells[0]); group = spaces(`${main} ${note}`); continue; }
      rows.push([...row.cells].flatMap((cell) => Array(span(cell, "colspan")).fill(cell)).filter((_, column) => heads[column] !== null).map(parts));
      groups.push(group);
    }
    const names = heads.filter((head) => head !== null);
    if (!groups.some(Boolean)) return { names, rows };
    return { names: ["Group", ...names], rows: rows.map((row, place) => [{ main: groups[place], note: "" }, ...row]) };
  }

  const NUMBER = /^[+-]?\d[\d.,]*( to [+-]?\d[\d.]*)?$/;

  /** A cell of CSV that no spreadsheet takes for a formula: names come from files that anybody may have written. */
  function csvCell(text) {
    const safe = /^[=+\-@\t\r]/.test(text) && !NUMBER.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  function asCsv({ names, rows }) {
    const noted = names.map((_, column) => rows.some((row) => row[column]?.note));
    const lines = [
      names.flatMap((name, column) => (noted[column] ? [name, `${name}: interval or note`] : [name])),
      ...rows.map((row) => row.flatMap(({ main, note }, column) => (noted[column] ? [main, note] : [main]))),
    ];
    return lines.map((line) => line.map(csvCell).join(",") + "\r\n").join("");
  }

  const markdownText = (text) => text.replace(/[\\`*_[\]<>|~&]/g, "\\$&");

  /** Which columns hold figures alone. */
  function numericColumns({ names, rows }) {
    return names.map((_, column) => rows.length > 0 && rows.every((row) => /^([+-]?[\d.,]+|–|)$/.test(row[column]?.main ?? "")));
  }

  function asMarkdown({ names, rows }) {
    const numeric = numericColumns({ names, rows });
    const line = (cells) => `| ${cells.join(" | ")} |\n`;
    const cell = ({ main, note }) => markdownText(note ? `${main} (${note})` : main);
    return line(names.map(markdownText)) + line(numeric.map((is) => (is ? "---:" : "---"))) + rows.map((row) => line(row.map(cell))).join("");
  }

  const LATEX = {
    "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "#": "\\#", "%": "\\%", _: "\\_", "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}", "[": "{[}", "]": "{]}", "*": "{*}", '"': "{\"}",
    "–": "--", "—": "---", "−": "$-$", "±": "$\\pm$", "×": "$\\times$", "≈": "$\\approx$", "≥": "$\\geq$", "≤": "$\\leq$", "…": "\\ldots{}",
    "·": "$\\cdot$", "°": "\\textdegree{}", "⟨": "$\\langle$", "⟩": "$\\rangle$", "⇄": "$\\rightleftarrows$", "→": "$\\to$", "←": "$\\leftarrow$",
  };

  function latexText(text) {
    if (NUMBER.test(text)) return text.replace(/[+-]/g, (sign) => `$${sign}$`);
    return text.replace(/-(?=-)|[\\{}$&#%_~^<>|[\]*"–—−±×≈≥≤…·°⟨⟩⇄→←]/g, (character) => LATEX[character] ?? "-{}");
  }

  function asLatex({ names, rows }) {
    const numeric = numericColumns({ names, rows });
    const cell = ({ main, note }) => (note ? `${latexText(main)} {\\scriptsize (${latexText(note)})}` : latexText(main));
    const line = (cells) => `${cells.join(" & ")} \\\\\n`;
    return `% \\usepackage{booktabs}\n\\begin{tabular}{${numeric.map((is) => (is ? "r" : "l")).join("")}}\n\\toprule\n${line(names.map(latexText))}\\midrule\n${rows.map((row) => line(row.map(cell))).join("")}\\bottomrule\n\\end{tabular}\n`;
  }

  const FORMATS = { CSV: asCsv, Markdown: asMarkdown, LaTeX: asLatex };

  /** A table as a text. */
  window.sevenllmTableText = (table, format) => FORMATS[format](content(table));
  window.sevenllmTableText.formats = Object.keys(FORMATS);
})();
