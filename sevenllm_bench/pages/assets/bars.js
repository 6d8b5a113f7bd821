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

  const marker = (place, x, y, name) => (place
    ? svg("path", { class: name, d: `M${x} ${y - 4}L${x + 4} ${y}L${x} ${y + 4}L${x - 4} ${y}Z` })
    : svg("circle", { class: name, cx: x, cy: y, r: 3 }));

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
      return [line, ...span, marker(place, x(value[1]), y(place), `at ${of}${has ? "" : " open"}`)];
    });
    return svg("svg", { class: values.length > 1 ? "bar two" : "bar", viewBox: `0 0 ${WIDTH} ${height}`, "aria-hidden": "true", focusable: "false" }, ...parts);
  };

  /** The sign that a submission has in the bars. */
  window.sevenllmMarker = (place) => svg("svg", { class: "sign", viewBox: "0 0 12 12", "aria-hidden": "true", focusable: "false" }, marker(place, 6, 6, `at ${place ? "second" : "first"}`));
})();
