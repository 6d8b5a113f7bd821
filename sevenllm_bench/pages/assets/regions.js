// Boxes that scroll: only those that overflow scroll by themselves, and are tab stops if nothing in them is; in the others, a
// table's header keeps to the top of the window while the page scrolls.
"use strict";
(() => {
  const boxes = [...document.querySelectorAll(".scroll, pre.command")];

  function look(box) {
    const over = box.scrollWidth > box.offsetWidth - 1; // of the whole box: its own scroll bar is no reason
    box.classList.toggle("over", over);
    box.classList.toggle("fits", !over);
    const head = box.querySelector(":scope > table > thead");
    box.classList.toggle("tall", head !== null && head.offsetHeight > innerHeight / 3); // kept in sight, it would hide the rows
    const inside = over || (box.scrollHeight > box.clientHeight + 1 && getComputedStyle(box).overflowY === "auto");
    if (inside) {
      if (box.querySelector("button, a[href], input")) box.removeAttribute("tabindex"); else box.tabIndex = 0;
      box.setAttribute("role", "group"); // a region of its own would be one more landmark
      for (const [name, value] of box.names) box.setAttribute(name, value);
    } else for (const name of ["tabindex", "role", "aria-label", "aria-labelledby"]) box.removeAttribute(name);
  }

  function names(box) {
    const own = ["aria-labelledby", "aria-label"].map((name) => [name, box.getAttribute(name)]).filter(([, value]) => value);
    return own.length ? own : [["aria-label", box.tagName === "PRE" ? "Command" : "Table"]];
  }

  const observer = new ResizeObserver((changes) => {
    for (const box of new Set(changes.map(({ target }) => (boxes.includes(target) ? target : target.parentElement)))) look(box);
  });

  function watch(box) {
    if (!boxes.includes(box)) boxes.push(box);
    box.names = names(box);
    observer.observe(box);
    if (box.firstElementChild) observer.observe(box.firstElementChild);
  }

  boxes.forEach(watch);
  document.addEventListener("sevenllm-filled", (event) => event.detail.querySelectorAll(".scroll").forEach(watch));
  window.sevenllmWatch = watch;
})();
