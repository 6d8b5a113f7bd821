// The state of a page in its address, after "#": "#tasks" is a place; "#t-models.sort=headline,down&compare=a1,b2" is a state, and
// may name a place by `at`. Everything that can be chosen in a page reads and writes it here, so that links and "back" work.
"use strict";
(() => {
  const listeners = [];
  const OURS = "sevenllm"; // marks steps that were seen here, so that "back" leaves the scrolling to the browser

  function decoded(text) {
    try { return decodeURIComponent(text.replace(/\+/g, " ")); } catch { return ""; }
  }

  /** The state as a map of names to texts; a plain place is `at`. */
  function read() {
    const fragment = location.hash.slice(1);
    if (!fragment) return new Map();
    if (!fragment.includes("=")) return new Map([["at", decoded(fragment)]]);
    const parts = fragment.split("&").map((part) => part.split("="));
    return new Map(parts.map(([name, ...value]) => [decoded(name), decoded(value.join("="))]).filter(([name, value]) => name && value));
  }

  const encoded = (text) => encodeURIComponent(text).replace(/%(2C|2F|3A|40)/g, decodeURIComponent);

  function fragment(state) {
    if (state.size === 1 && state.has("at")) return encoded(state.get("at"));
    return [...state].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
  }

  /** Set several names, and remove those with an empty text; `push` makes a step that "back" undoes. */
  function change(changes, push = false) {
    const state = read();
    for (const [name, value] of Object.entries(changes)) { if (value) state.set(name, value); else state.delete(name); }
    const text = fragment(state);
    if (text === location.hash.slice(1)) return;
    const target = text ? `#${text}` : location.pathname + location.search;
    try {
      if (push) history.pushState(OURS, "", target); else history.replaceState(OURS, "", target);
    } catch { /* a browser that limits how often: the page works, and its address is behind */ }
  }

  const write = (name, value, push = false) => change({ [name]: value }, push);

  /** Call `apply` with the state now, and whenever the user goes back or follows a link. */
  function follow(apply) {
    listeners.push(apply);
    apply(read());
  }

  /** Show the place `at`: rows and other details open. */
  function go(state = read()) {
    const target = document.getElementById(state.get("at") ?? "");
    if (!target) return;
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.querySelector("summary").focus({ preventScroll: true });
    }
    target.scrollIntoView();
  }

  function moved() {
    const state = read(), followed = history.state !== OURS;
    for (const apply of listeners) apply(state);
    if (followed) {
      try { history.replaceState(OURS, ""); } catch { /* as above */ }
      go(state);
    }
  }

  // A link to a place of this page keeps what is chosen in it.
  addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href^='#']") : null;
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const place = decoded(link.getAttribute("href").slice(1)), target = document.getElementById(place);
    if (!target || place.includes("=") || [...read().keys()].every((name) => name === "at")) return;
    event.preventDefault();
    write("at", place, true);
    go();
    if (target.tabIndex >= 0 || target.hasAttribute("tabindex")) target.focus({ preventScroll: true });
  });
  addEventListener("popstate", moved);
  addEventListener("DOMContentLoaded", () => {
    try { history.replaceState(OURS, ""); } catch { /* as above */ }
    if (location.hash.length > 1) go();
  });
  window.sevenllmAddress = { read, write, change, follow, go };
})();
