// One tab stop for the header of a table and one for its rows: the arrow keys move between the controls in them.
"use strict";
(() => {
  const controls = (part) => [...part.querySelectorAll("a[href], button, input, select, summary")];

  /** Make one of the controls the tab stop; the one that had it before, if it is still there. */
  function settle(part, wanted) {
    const found = controls(part);
    const stop = found.includes(wanted) ? wanted : found.find((control) => control.tabIndex === 0 && control.dataset.stop) ?? found[0];
    for (const control of found) {
      control.tabIndex = control === stop ? 0 : -1;
      if (control === stop) control.dataset.stop = "1"; else delete control.dataset.stop;
    }
  }

  function inHeader(found, place, key) {
    return found[{ ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: found.length - 1 }[key]];
  }

  /** The control that a key leads to in the rows: the same place in the next row, or the next in this row. */
  function inRows(part, control, key) {
    const row = control.closest("tr"), own = controls(row), place = own.indexOf(control);
    if (key === "ArrowRight" || key === "ArrowLeft") return own[place + (key === "ArrowRight" ? 1 : -1)];
    if (key === "Home" || key === "End") return controls(part).at(key === "Home" ? 0 : -1);
    let next = row;
    do { next = key === "ArrowDown" ? next.nextElementSibling : next.previousElementSibling; } while (next && !controls(next).length);
    const there = next ? controls(next) : [];
    return there[Math.min(place, there.length - 1)];
  }

  const KEYS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"];

  function move(event) {
    if (!KEYS.includes(event.key) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const part = event.currentTarget, control = event.target;
    if (!controls(part).includes(control) || control.tagName === "SELECT") return;
    const next = part.tagName === "THEAD" ? inHeader(controls(part), controls(part).indexOf(control), event.key) : inRows(part, control, event.key);
    if (part.tagName === "THEAD" && event.key.endsWith("Up")) return;
    if (!next) return;
    event.preventDefault();
    settle(part, next);
    next.focus();
  }

  /** Take the header and the rows of a table as one tab stop each; again after its rows have changed. */
  function rove(table) {
    for (const part of [table.tHead, ...table.tBodies]) {
      if (!part) continue;
      settle(part, part.contains(document.activeElement) ? document.activeElement : null);
      if (part.dataset.roving) continue;
      part.dataset.roving = "1";
      part.addEventListener("keydown", move);
      part.addEventListener("focusin", (event) => settle(part, event.target));
    }
  }

  window.sevenllmRove = rove;
})();
