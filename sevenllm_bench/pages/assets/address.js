// The state of a page in its address, after "#": "#tasks" is a place; "#sort=headline,down&q=zh" is a state, and may name a
// place by `at`. Everything that can be chosen in a page reads and writes it here, so that links and "back" work.
"use strict";
(() => {
  const listeners = [];

  /** The state as a map of names to texts; a plain place is `at`. */
  function read() {
    const fragment = location.hash.slice(1);
    if (fragment && !fragment.includes("=")) {
      try { return new Map([["at", decodeURIComponent(fragment)]]); } catch { return new Map(); }
    }
    return new Map(new URLSearchParams(fragment));
  }

  /** Set one name, or remove it with an empty text; `push` makes a step that "back" undoes. */
  function write(name, value, push = false) {
    const state = read();
    if (value) state.set(name, value); else state.delete(name);
    const fragment = [...state.keys()].length === 1 && state.has("at") ? encodeURIComponent(state.get("at")) : new URLSearchParams([...state]).toString();
    const target = fragment ? `#${fragment}` : location.pathname + location.search;
    if (push) history.pushState(null, "", target); else history.replaceState(null, "", target);
  }

  /** Call `apply` with the state now, and whenever the user goes back or follows a link. */
  function follow(apply) {
    listeners.push(apply);
    apply(read());
  }

  for (const event of ["popstate", "hashchange"]) addEventListener(event, () => { for (const apply of listeners) apply(read()); });
  window.sevenllmAddress = { read, write, follow };
})();
