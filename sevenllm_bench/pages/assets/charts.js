// Charts by plotly, in the page's colours; drawn again when the theme changes. Labels come escaped from the page's data.
"use strict";
(() => {
  // Okabe and Ito's palette, which colour-blind people can tell apart; each with a marker of its own shape.
  const colours = { light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#8c6d00"],
    dark: ["#56b4e9", "#ff9a4d", "#3fd0a4", "#e59cc6", "#f0b93a", "#9ad4f5", "#c9c9c9", "#d9c35c"] };
  const symbols = ["circle", "square", "diamond", "triangle-up", "x", "star", "pentagon", "cross"];
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const isDark = () => getComputedStyle(document.documentElement).colorScheme === "dark";
  const narrow = () => innerWidth < 740;
  const wrap = (label, width) => label.replace(new RegExp(`(.{${width},}?)[ -](?=.)`, "g"), "$1<br>");

  function layout(extra) {
    const axis = { gridcolor: style("--line"), zerolinecolor: style("--line"), linecolor: style("--line"), automargin: true, fixedrange: true };
    return {
      paper_bgcolor: style("--paper"), plot_bgcolor: style("--paper"), dragmode: false, hovermode: "closest",
      font: { family: style("--sans"), size: narrow() ? 11 : 13, color: style("--ink") },
      margin: { l: 8, r: 12, t: 36, b: 40 },
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", xanchor: "left" },
      hoverlabel: { font: { family: style("--sans") } },
      ...extra,
      xaxis: { ...axis, ...extra.xaxis }, yaxis: { ...axis, ...extra.yaxis },
    };
  }

  const look = (place) => ({ color: (isDark() ? colours.dark : colours.light)[place % 8], symbol: symbols[place % 8] });

  function dots(chart, key) {
    const group = chart.groups.find((found) => found.key === key) ?? chart.groups[0];
    const count = group.rows.length, spread = Math.min(0.2, 0.7 / chart.names.length);
    const labels = group.rows.map((row) => (narrow() ? wrap(row, 14) : row));
    const traces = chart.names.map((name, run) => {
      const { color, symbol } = look(run);
      const kept = group.points[run].map((point, row) => ({ point, row })).filter(({ point }) => point.length);
      const offset = (run - (chart.names.length - 1) / 2) * spread;
      return {
        type: "scatter", mode: "markers", name,
        x: kept.map(({ point }) => point[0]), y: kept.map(({ row }) => count - 1 - row - offset),
        customdata: kept.map(({ point, row }) => [labels[row].replaceAll("<br>", " "), point[3], point[1] === null ? "no interval" : `${point[1].toFixed(3)}–${point[2].toFixed(3)}`]),
        hovertemplate: "%{customdata[0]}<br>%{x:.3f} (%{customdata[2]}), n = %{customdata[1]}",
        marker: { size: 8, color, symbol: kept.map(({ point }) => (point[1] === null ? `${symbol}-open` : symbol)), line: { width: 1.5, color } },
        error_x: { type: "data", symmetric: false, color, thickness: 1.5, width: 0,
          array: kept.map(({ point }) => (point[2] === null ? 0 : point[2] - point[0])), arrayminus: kept.map(({ point }) => (point[1] === null ? 0 : point[0] - point[1])) },
      };
    });
    return [traces, layout({
      height: 110 + count * Math.max(narrow() ? 34 : 26, chart.names.length * 7),
      xaxis: { range: [-0.02, 1.02], side: "bottom", title: { text: "score" } },
      yaxis: { tickvals: labels.map((_, row) => count - 1 - row), ticktext: labels, range: [-0.7, count - 0.3], zeroline: false },
    })];
  }

  function boxes(chart) {
    const traces = chart.names.map((name, run) => {
      const { color } = look(run);
      const kept = chart.boxes[run].map((box, row) => ({ box, row })).filter(({ box }) => box.length);
      const of = (place) => kept.map(({ box }) => box[place]);
      return { type: "box", orientation: "h", name, y: kept.map(({ row }) => (narrow() ? wrap(chart.rows[row], 8) : chart.rows[row])), lowerfence: of(0), q1: of(1), median: of(2), q3: of(3), upperfence: of(4),
        marker: { color }, line: { width: 1.5 }, hoverinfo: "x+name" };
    });
    return [traces, layout({ height: 120 + chart.rows.length * chart.names.length * 22, boxmode: "group", xaxis: { title: { text: "characters" }, rangemode: "tozero" }, yaxis: { autorange: "reversed" } })];
  }

  function bars(chart) {
    const patterns = ["", "/", "x", ".", "-", "\\", "+", "|"];
    const traces = chart.names.map((name, run) => ({ type: "bar", name, x: chart.rows, y: chart.bars[run], hovertemplate: "mark %{x}: %{y}",
      marker: { color: look(run).color, pattern: { shape: patterns[run % 8], fgcolor: style("--paper") } } }));
    return [traces, layout({ height: 320, barmode: "group", xaxis: { title: { text: "mark" }, type: "category" }, yaxis: { title: { text: "answers" } } })];
  }

  function steps(chart) {
    const traces = [
      { type: "scatter", mode: "lines", name: "best so far", x: chart.best.map((point) => point[0]), y: chart.best.map((point) => point[1]), line: { shape: "hv", width: 2, color: look(1).color }, hoverinfo: "skip" },
      { type: "scatter", mode: "markers", name: "submissions", x: chart.all.map((point) => point[0]), y: chart.all.map((point) => point[1]), text: chart.all.map((point) => point[2]),
        hovertemplate: "%{text}<br>%{x|%Y-%m-%d}: %{y:.3f}<extra></extra>", marker: { size: 7, color: look(0).color, symbol: "circle-open" } },
    ];
    return [traces, layout({ height: 380, xaxis: { type: "date" }, yaxis: { title: { text: "headline" } } })];
  }

  const kinds = { dots, boxes, bars, steps };
  const drawn = new Map();

  async function draw(id) {
    const place = document.querySelector(`[data-chart="${id}"]`);
    const { chart, key } = drawn.get(id);
    if (!place || !chart || !window.Plotly) return;
    if (!place.classList.contains("js-plotly-plot")) place.replaceChildren();
    const [traces, shape] = kinds[chart.type](chart, key);
    place.style.minHeight = `${shape.height}px`;
    await window.Plotly.react(place, traces, shape, { displayModeBar: false, responsive: true, scrollZoom: false });
  }

  window.sevenllmCharts = {
    draw(id, chart, key) { drawn.set(id, { chart, key: key ?? drawn.get(id)?.key }); return draw(id); },
    label: (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  };

  const data = JSON.parse(document.getElementById("chart-data")?.textContent ?? "{}");
  // A chart is drawn when it comes near the window, or goes to the printer.
  const near = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (isIntersecting) { near.unobserve(target); window.sevenllmCharts.draw(target.dataset.chart, data[target.dataset.chart]); }
    }
  }, { rootMargin: "800px" });
  for (const [id, chart] of Object.entries(data)) {
    const place = document.querySelector(`[data-chart="${id}"]`);
    place.style.minHeight = `${kinds[chart.type](chart)[1].height}px`; // what lies below doesn't move under a finger
    near.observe(place);
  }
  addEventListener("beforeprint", () => {
    for (const [id, chart] of Object.entries(data)) if (!drawn.has(id)) window.sevenllmCharts.draw(id, chart);
  });
  for (const field of document.querySelectorAll("fieldset[data-chart-group]")) {
    const id = field.dataset.chartGroup;
    field.addEventListener("change", (event) => window.sevenllmCharts.draw(id, drawn.get(id)?.chart ?? data[id], event.target.value));
  }
  const again = () => { for (const id of drawn.keys()) draw(id); };
  document.addEventListener("sevenllm-theme", again);
  let wide = narrow();
  addEventListener("resize", () => { if (wide !== narrow()) { wide = narrow(); again(); } });
})();
