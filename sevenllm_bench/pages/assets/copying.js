// Buttons that copy: commands, and every table as CSV, Markdown or LaTeX (table_text.js).
"use strict";
(() => {
  async function give(text, menu, status) {
    menu.querySelector("textarea")?.remove();
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = "Copied";
    } catch {
      const area = document.createElement("textarea"); // the browser doesn't let a page copy: the user does
      area.value = text;
      area.readOnly = true;
      area.setAttribute("aria-label", "The table as text");
      menu.append(area);
      area.select();
      area.focus();
      status.textContent = "Selected: copy with the keyboard";
    }
  }

  function element(tag, text, name) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (name) made.className = name;
    return made;
  }

  function addMenu(table, box) {
    const menu = element("details", "", "copy-table");
    const title = table.caption?.textContent || (box.getAttribute("aria-label") ?? document.getElementById(box.getAttribute("aria-labelledby") ?? "")?.textContent ?? "");
    const summary = element("summary", "Copy the table");
    if (title) summary.append(element("span", `: ${title.replace(/\s+/g, " ").trim()}`, "sr"));
    const status = element("span", "", "note");
    status.setAttribute("aria-live", "polite");
    menu.append(summary);
    for (const name of window.sevenllmTableText.formats) {
      const button = element("button", name);
      button.type = "button";
      button.addEventListener("click", () => give(window.sevenllmTableText(table, name), menu, status));
      menu.append(button);
    }
    menu.append(status);
    const tools = table.id ? document.querySelector(`.tools[data-for="${table.id}"]`) : null;
    if (tools) tools.insertBefore(menu, tools.querySelector(".count")); else box.before(menu);
  }

  function addCommands() {
    for (const button of document.querySelectorAll("button.copy")) {
      button.addEventListener("click", async () => {
        const source = button.previousElementSibling;
        try {
          await navigator.clipboard.writeText(source.textContent);
          button.textContent = "Copied";
        } catch {
          getSelection().selectAllChildren(source);
          button.textContent = "Selected: copy with the keyboard";
        }
      });
    }
  }

  function addMenus(part) {
    for (const table of part.querySelectorAll(".scroll > table")) if (table.tHead) addMenu(table, table.parentElement);
  }

  addMenus(document);
  document.addEventListener("sevenllm-filled", (event) => addMenus(event.detail));
  addCommands();
  window.sevenllmCopying = { addMenu };
})();
