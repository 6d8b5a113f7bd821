// The theme: as the system, light or dark; kept where the browser keeps things. Loaded first, so that nothing flashes.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const modes = ["system", "light", "dark"];
  const words = { system: "system", light: "light", dark: "dark" };
  const read = () => { try { return localStorage.getItem("sevenllm-theme"); } catch { return null; } };
  const keep = (mode) => { try { localStorage.setItem("sevenllm-theme", mode); } catch { /* private windows keep nothing */ } };
  let mode = modes.includes(read()) ? read() : "system";
  const apply = () => {
    if (mode === "system") delete root.dataset.theme; else root.dataset.theme = mode;
    const button = document.getElementById("theme");
    if (button) button.textContent = `Theme: ${words[mode]}`;
    document.dispatchEvent(new Event("sevenllm-theme"));
  };
  apply();
  addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme").addEventListener("click", () => {
      mode = modes[(modes.indexOf(mode) + 1) % modes.length];
      keep(mode);
      apply();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  });
})();
