// Charts as SVG, from the page's data. Colours are classes of style.css, so a change of theme needs no redrawing.
"use strict";
(() => {
  const NS = "http://www.w3.org/2000/svg";
  const narrow = () => innerWidth < 740;
  const round = (value) => Math.round(value * 10) / 10;

  /** An SVG element with attributes, and children or a text. */
  function svg(tag, attributes = {}, ...children) {
    const made = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, typeof value === "number" ? round(value) : value);
    made.append(...children);
    return made;
  }
  const group = (name, ...children) => svg("g", { class: name }, ...children);
  const hint = (text) => svg("title", {}, text);
  const line = (x1, y1, x2, y2, name) => svg("line", { x1, y1, x2, y2, class: name });
  const text = (x, y, content, anchor) => svg("text", { x, y, "text-anchor": anchor }, content);

  // A marker of its own shape for each run, besides the colour: circle, square, diamond, triangle, cross, star, hexagon, bar.
  const polygon = (count, turn, inner = 1) => Array.from({ length: count }, (_, place) => {
    const angle = turn + (2 * Math.PI * place) / count, radius = place % 2 ? 5 * inner : 5;
    return `${round(radius * Math.cos(angle))},${round(radius * Math.sin(angle))}`;
  });
  const shape = (points) => `M${points.join("L")}Z`;
  const markers = ["M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0Z", "M-4,-4H4V4H-4Z", shape(polygon(4, 0)), shape(polygon(3, -Math.PI / 2)),
    "M-4.5,-1.5H-1.5V-4.5H1.5V-1.5H4.5V1.5H1.5V4.5H-1.5V1.5H-4.5Z", shape(polygon(10, -Math.PI / 2, 0.45)), shape(polygon(6, 0)), "M-5,-2H5V2H-5Z"];
  const marker = (run, x, y, open = false) =>
    svg("path", { d: markers[run % 8], transform: `translate(${round(x)} ${round(y)})`, class: `run${run % 8}${open ? " open" : ""}` });

  /** Labels in lines of at most `most` characters. */
  function lines(label, most) {
    const found = [""];
    for (const word of label.split(/(?<=[ -])/)) {
      if (found.at(-1).length + word.length > most && found.at(-1)) found.push(word); else found[found.length - 1] += word;
    }
    return found;
  }

  /** Steps of 1, 2 or 5 times a power of ten that cover 0 to `most`. */
  function ticks(most, count) {
    const rough = Math.max(most, 1e-9) / count, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
    return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, place) => place * step);
  }

  /** The frame of a chart with named rows: labels at the left, a scale from 0 below. Returns it with the scale's function. */
  function rows(width, labels, least, values, title) {
    const top = 4, most = narrow() ? 16 : 60, cut = labels.map((label) => lines(label, most));
    const height = Math.max(least, 10 + 13 * Math.max(...cut.map((parts) => parts.length)));
    const left = 12 + 7.1 * Math.max(...cut.flat().map((part) => [...part].reduce((sum, c) => sum + (c > "\u2e80" ? 1.8 : 1), 0)));
    const x = (value) => left + ((width - left - 16) * value) / values.at(-1);
    const middle = (row) => top + height * (row + 0.5), bottom = top + height * labels.length;
    const names = cut.map((parts, row) => group("ytick", ...parts.map((part, place) => text(left - 8, middle(row) + 4 + 13 * (place - (parts.length - 1) / 2), part, "end"))));
    const scale = values.map((value) => group("xtick", line(x(value), top, x(value), bottom, "grid"), text(x(value), bottom + 17, value.toLocaleString("en", { maximumFractionDigits: 2 }), "middle")));
    return { x, middle, row: height, parts: [...scale, ...names, text((left + width) / 2, bottom + 34, title, "middle")], height: bottom + 44 };
  }

  function dots(chart, width, key) {
    const shown = chart.groups.find((found) => found.key === key) ?? chart.groups[0];
    const frame = rows(width, shown.rows, Math.max(24, chart.names.length * 8), narrow() ? [0, 0.5, 1] : [0, 0.2, 0.4, 0.6, 0.8, 1], "score");
    const layers = chart.names.map((name, run) => {
      const offset = (run - (chart.names.length - 1) / 2) * Math.min(8, (frame.row - 8) / chart.names.length);
      const points = shown.points[run].map((point, row) => {
        if (!point.length) return "";
        const [value, low, high, count] = point, y = frame.middle(row) + offset;
        const interval = low === null ? "no interval" : `${low.toFixed(3)}–${high.toFixed(3)}`;
        const ends = low === null ? [] : [line(frame.x(low), y, frame.x(high), y, `whisker run${run % 8}`)];
        return group("point", ...ends, marker(run, frame.x(value), y, low === null), hint(`${name}: ${shown.rows[row]}\n${value.toFixed(3)} (${interval}), n = ${count}`));
      });
      return group("points", ...points);
    });
    return { height: frame.height, parts: frame.parts, layers };
  }

  function boxes(chart, width) {
    const most = Math.max(1, ...chart.boxes.flat().filter((box) => box.length).map((box) => box[4])), thick = 16;
    const frame = rows(width, chart.rows, 14 + thick * chart.names.length, ticks(most, narrow() ? 3 : 6), "characters");
    const layers = chart.names.map((name, run) => group("boxlayer", ...chart.boxes[run].map((box, row) => {
      if (!box.length) return "";
      const [least, first, median, third, ninety] = box.map(frame.x), y = frame.middle(row) + (run - (chart.names.length - 1) / 2) * thick, half = thick / 2 - 3;
      const d = `M${round(least)},${y}H${round(first)}M${round(third)},${y}H${round(ninety)}M${round(first)},${y - half}H${round(third)}V${y + half}H${round(first)}ZM${round(median)},${y - half}V${y + half}`;
      return group("box", svg("path", { d, class: `run${run % 8}` }), hint(`${name}: ${chart.rows[row]}\nleast ${box[0]}, quartiles ${box.slice(1, 4).join(", ")}, nine tenths below ${box[4]} characters`));
    })));
    return { height: frame.height, parts: frame.parts, layers };
  }

  function bars(chart, width) {
    const values = ticks(Math.max(1, ...chart.bars.flat()), 5), left = 52, top = 8, bottom = 250;
    const y = (value) => bottom - ((bottom - top) * value) / values.at(-1), step = (width - left - 12) / chart.rows.length;
    const thick = Math.min(40, (step * 0.8) / chart.names.length);
    const parts = values.map((value) => group("ytick", line(left, y(value), width - 12, y(value), "grid"), text(left - 8, y(value) + 4, value.toLocaleString("en"), "end")));
    parts.push(...chart.rows.map((row, place) => group("xtick", text(left + step * (place + 0.5), bottom + 17, row, "middle"))), text((left + width) / 2, bottom + 36, "mark (answers with it, upwards)", "middle"));
    const layers = chart.names.map((name, run) => group("barlayer", ...chart.bars[run].map((count, place) => {
      const x = left + step * (place + 0.5) + thick * (run - chart.names.length / 2);
      return svg("rect", { x, y: y(count), width: thick - 1, height: bottom - y(count), class: `run${run % 8}` }, hint(`${name}: mark ${chart.rows[place]}: ${count}`));
    })));
    return { height: bottom + 46, parts, layers };
  }

  function steps(chart, width) {
    const time = (date) => Date.parse(`${date}T00:00:00Z`), times = chart.all.map(([date]) => time(date));
    const first = Math.min(...times), last = Math.max(...times, first + 864e5), left = 52, top = 8, bottom = 300;
    const x = (date) => left + 8 + ((width - left - 24) * (time(date) - first)) / (last - first), y = (value) => bottom - (bottom - top) * value;
    const days = Array.from({ length: narrow() ? 3 : 6 }, (_, place, { length } = { length: narrow() ? 3 : 6 }) => new Date(first + ((last - first) * place) / (length - 1)).toISOString().slice(0, 10));
    const parts = [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => group("ytick", line(left, y(value), width - 12, y(value), "grid"), text(left - 8, y(value) + 4, String(value), "end")));
    parts.push(...days.map((day, place) => group("xtick", text(x(day), bottom + 18, day, place === 0 ? "start" : place === days.length - 1 ? "end" : "middle"))));
    const path = chart.best.map(([date, value], place) => (place ? `H${round(x(date))}V${round(y(value))}` : `M${round(x(date))},${round(y(value))}`)).join("");
    const submissions = group("points", ...chart.all.map(([date, value, name]) => { const made = marker(0, x(date), y(value), true); made.append(hint(`${name}\n${date}: ${value.toFixed(3)}`)); return made; }));
    return { height: bottom + 30, parts, layers: [submissions, group("best", svg("path", { d: path, class: "run1 open" }))] };
  }

  const kinds = { dots, boxes, bars, steps };
  const drawn = new Map();

  /** The legend: a button for each layer, which hides and shows it. */
  function legend(names, layers) {
    const list = document.createElement("ul");
    list.className = "legend";
    names.forEach((name, run) => {
      const item = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.append(svg("svg", { width: 12, height: 12, viewBox: "-6 -6 12 12", "aria-hidden": "true" }, marker(run, 0, 0)), ` ${name}`);
      button.addEventListener("click", () => {
        const hide = button.getAttribute("aria-pressed") === "true";
        button.setAttribute("aria-pressed", String(!hide));
        layers[run].classList.toggle("off", hide);
      });
      item.append(button);
      list.append(item);
    });
    return list;
  }

  function draw(id) {
    const place = document.querySelector(`[data-chart="${id}"]`), { chart, key } = drawn.get(id);
    if (!place || !chart) return;
    const width = Math.max(280, place.clientWidth), { height, parts, layers } = kinds[chart.type](chart, width, key);
    const names = chart.names ?? ["submissions", "best so far"];
    place.replaceChildren(legend(names, layers), svg("svg", { class: "plot", width, height, viewBox: `0 0 ${width} ${round(height)}`, role: "img", "aria-label": place.dataset.summary }, ...parts, ...layers));
  }

  window.sevenllmCharts = {
    draw(id, chart, key) { drawn.set(id, { chart, key: key ?? drawn.get(id)?.key }); draw(id); },
  };

  const data = JSON.parse(document.getElementById("chart-data")?.textContent ?? "{}");
  for (const [id, chart] of Object.entries(data)) window.sevenllmCharts.draw(id, chart);
  for (const field of document.querySelectorAll("fieldset[data-chart-group]")) {
    const id = field.dataset.chartGroup;
    field.addEventListener("change", (event) => { if (drawn.has(id)) window.sevenllmCharts.draw(id, drawn.get(id).chart, event.target.value); });
  }
  let before = innerWidth;
  addEventListener("resize", () => { if (before !== innerWidth) { before = innerWidth; for (const id of drawn.keys()) draw(id); } });
})();
