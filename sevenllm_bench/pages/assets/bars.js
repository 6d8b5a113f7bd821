// Small bars of figures with their intervals, two to a cell at most, as `interval_bar.py` draws one.
"use strict";
(() => {
  const WIDTH = 100;

  function svg(tag, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  /** A dot, a square for the second; hollow where there is no interval. Strokes, since the bar is stretched to its cell. */
  const marker = (place, x, y, open) => ["at", ...(open ? ["hole"] : [])].map((name) => svg("path", { class: `${name} ${place ? "second" : "first"}`, d: `M${x} ${y}h.01` }));

  /** The bars of figures ([rows, mean, words, low, high, interval] or nothing), the first above; decoration of the cells beside. */
  window.sevenllmBars = (values, low, high) => {
    const x = (value) => Math.round(10 * (4 + (WIDTH - 8) * Math.min(1, Math.max(0, (value - low) / (high - low))))) / 10;
    const y = (place) => 6 + 10 * place;
    const height = 2 + 10 * values.length;
    const parts = values.flatMap((value, place) => {
      const line = svg("path", { class: "axis", d: `M0 ${y(place)}H${WIDTH}` });
      if (!value) return [line];
      const has = value[3] !== undefined, of = place ? "second" : "first";
      const span = has ? [svg("path", { class: `span ${of}`, d: `M${x(value[3])} ${y(place)}H${x(value[4])}` })] : [];
      return [line, ...span, ...marker(place, x(value[1]), y(place), !has)];
    });
    return svg("svg", { class: values.length > 1 ? "bar two" : "bar", viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" }, ...parts);
  };

  /** The sign that a submission has in the bars. */
  window.sevenllmMarker = (place) => svg("svg", { class: "sign", viewBox: "0 0 12 12", "aria-hidden": "true", focusable: "false" }, ...marker(place, 6, 6, false));
})();
