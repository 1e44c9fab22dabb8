// Uploaded books: sending a file with its progress, the charts, and the line that is dragged.
"use strict";

(() => {
  const read = (id) => {
    const element = document.getElementById(id);
    return element ? JSON.parse(element.textContent) : null;
  };
  const by = (id) => document.getElementById(id);

  // --- sending a file

  function sending(form) {
    const words = read("upload-words");
    const file = by("file"), drop = form.querySelector("[data-drop]"), problem = by("upload-problem");
    const button = form.querySelector("button[type=submit]");
    const bar = by("progress-bar"), said = by("progress-text");

    function tell([what, advice]) {
      problem.replaceChildren();
      const alert = document.createElement("div");
      alert.className = "alert alert-warning book-problem";
      alert.setAttribute("role", "alert");
      const inner = document.createElement("div");
      const title = document.createElement("h4");
      title.className = "alert-title";
      title.textContent = what;
      const text = document.createElement("div");
      text.textContent = advice;
      inner.append(title, text);
      alert.append(inner);
      problem.append(alert);
      rest();
    }
    function rest() {
      by("progress").hidden = true;
      button.disabled = false;
      bar.classList.remove("waiting");
    }
    function move(percent) {
      bar.style.width = `${percent}%`;
      bar.setAttribute("aria-valuenow", percent);
    }
    function send() {
      const chosen = file.files[0];
      if (!chosen) return;
      problem.replaceChildren();
      if (chosen.size > Number(form.dataset.limit)) {
        tell(words.large);
        return;
      }
      const data = new FormData(form), request = new XMLHttpRequest();
      button.disabled = true;
      by("progress").hidden = false;
      by("progress-name").textContent = chosen.name;
      move(0);
      said.textContent = words.sending.replace("{percent}", 0);
      let step = 0;
      request.upload.addEventListener("progress", (event) => {
        if (!event.lengthComputable) return;
        const percent = Math.floor(100 * event.loaded / event.total);
        move(percent);
        // Read aloud in quarters, not in every step.
        if (percent >= step + 25) {
          step = percent - percent % 25;
          said.textContent = words.sending.replace("{percent}", step);
        }
      });
      request.upload.addEventListener("load", () => {
        move(100);
        bar.classList.add("waiting");
        said.textContent = words.reading;
      });
      request.addEventListener("load", () => {
        const target = request.getResponseHeader("Location");
        if (request.status === 201 && target) {
          location.assign(target);
        } else if (request.status === 413) {
          tell(words.large);
        } else if (request.status === 422) {
          // A part of our own page, already escaped by the server.
          problem.innerHTML = request.responseText;
          rest();
        } else {
          tell(words.broken);
        }
      });
      request.addEventListener("error", () => tell(words.broken));
      request.open("POST", form.action);
      request.setRequestHeader("X-Upload", "1");
      request.send(data);
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send();
    });
    file.addEventListener("change", send);
    for (const kind of ["dragenter", "dragover"]) {
      drop.addEventListener(kind, (event) => {
        event.preventDefault();
        drop.classList.add("over");
      });
    }
    for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!event.dataTransfer || !event.dataTransfer.files.length) return;
      file.files = event.dataTransfer.files;
      send();
    });
  }
  const upload = by("upload");
  if (upload) sending(upload);

  // --- what a book shows

  const data = read("book-data"), words = read("book-words");
  if (!data || !words || !window.echarts) return;
  const curve = data.curve, place = Object.fromEntries(curve.names.map((name, at) => [name, at]));
  const tag = words.language, nothing = "–";
  const whole = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat(tag, { notation: "compact", maximumFractionDigits: 2 });
  const count = (value) => whole.format(value);
  const percent = (value, digits = 2) => value == null ? nothing : value.toFixed(digits) + "%";
  const money = (minor) => (minor < 0 ? "-" : "") + "¥" + short.format(Math.abs(minor) / 100);
  const sign = curve.tiers ? "" : curve.higher ? "≥ " : "≤ ";
  const last = curve.cuts.length - 1;
  const share = (figures) => 100 * figures[place.count] / curve.whole;

  function palette() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    return {
      ink: of("--chart-ink"), soft: of("--chart-soft"), line: of("--chart-line"), back: of("--chart-back"),
      one: of("--chart-one"), two: of("--chart-two"), three: of("--chart-three"), pale: of("--chart-pale"),
    };
  }
  function frame(colours, extra) {
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colours.soft },
      grid: { left: 4, right: 8, top: 34, bottom: 4, containLabel: true },
      legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 8, icon: "roundRect", textStyle: { color: colours.soft } },
      tooltip: { trigger: "axis", confine: true, backgroundColor: colours.back, borderColor: colours.line, textStyle: { color: colours.ink, fontSize: 12 } },
      ...extra,
    };
  }
  const category = (colours, names) => ({
    type: "category", data: names, axisTick: { show: false }, axisLine: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.soft, hideOverlap: true },
  });
  const scale = (colours, form, extra = {}) => ({
    type: "value", splitNumber: 4, axisLabel: { color: colours.soft, formatter: form },
    splitLine: { lineStyle: { color: colours.line, type: "dashed" } }, ...extra,
  });
  const hairline = (name, values, colour, extra = {}) => ({
    name, type: "line", data: values, showSymbol: false, lineStyle: { width: 2.5, color: colour },
    itemStyle: { color: colour }, ...extra,
  });
  const axisPercent = (value) => `${+value.toFixed(2)}%`;
  // Whiskers from the lower to the upper bound of an interval.
  const whiskers = (rows, colour) => ({
    name: words.interval, type: "custom", silent: true, z: 5, itemStyle: { color: colour }, tooltip: { show: false },
    // The axis makes room for the upper bounds.
    encode: { x: 0, y: [1, 2] },
    data: rows.map((row, at) => row[2] == null ? [at, null, null] : [at, row[3], row[4]]),
    renderItem: (_, api) => {
      if (api.value(1) == null || Number.isNaN(api.value(1))) return null;
      const high = api.coord([api.value(0), api.value(2)]), low = api.coord([api.value(0), api.value(1)]);
      const style = { stroke: colour, lineWidth: 1.5, fill: null }, arm = 4;
      const bar = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style });
      return { type: "group", children: [
        bar(high[0], high[1], low[0], low[1]), bar(high[0] - arm, high[1], high[0] + arm, high[1]), bar(low[0] - arm, low[1], low[0] + arm, low[1]),
      ] };
    },
  });
  const escaped = (text) => String(text).replace(/[&<>"]/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[one]);
  const rateTip = (rows) => (items) => {
    const row = rows[items[0].dataIndex];
    return `${escaped(row[0])}<br>${words.bad} <b>${percent(row[2])}</b> (${percent(row[3])} – ${percent(row[4])})<br>${words.count} ${count(row[1])}`;
  };

  const drawn = {
    curve: (colours) => frame(colours, {
      legend: { type: "scroll", top: 0, left: 0, itemWidth: 14, itemHeight: 8, icon: "roundRect", textStyle: { color: colours.soft } },
      grid: { left: 4, right: 4, top: 56, bottom: 4, containLabel: true },
      tooltip: {
        trigger: "axis", confine: true, backgroundColor: colours.back, borderColor: colours.line, textStyle: { color: colours.ink, fontSize: 12 },
        formatter: (items) => {
          const figures = curve.accepted[items[0].dataIndex];
          return `${escaped(sign + curve.cuts[items[0].dataIndex])}<br>${words.approval} <b>${percent(share(figures))}</b><br>${words.expected} <b>${percent(figures[place.expected])}</b><br>${words.profit} <b>${money(figures[place.profit])}</b>`;
        },
      },
      xAxis: { ...category(colours, curve.cuts), boundaryGap: curve.tiers },
      yAxis: [
        scale(colours, axisPercent, { min: 0, max: 100, interval: 25 }),
        scale(colours, (value) => money(value), { splitLine: { show: false } }),
      ],
      series: [
        hairline(words.profit, curve.accepted.map((one) => one[place.profit]), colours.pale, {
          yAxisIndex: 1, areaStyle: { color: colours.pale, opacity: 0.35 }, lineStyle: { width: 1.5, color: colours.pale },
          markLine: {
            silent: true, symbol: "none", label: { show: false },
            lineStyle: { color: colours.soft, type: "dashed", width: 1.5 }, data: [{ xAxis: curve.present }],
          },
        }),
        hairline(words.approval, curve.accepted.map(share), colours.one),
        hairline(words.expected, curve.accepted.map((one) => one[place.expected]), colours.three),
      ],
    }),
    bands: (colours) => frame(colours, {
      legend: { show: false }, grid: { left: 4, right: 8, top: 12, bottom: 4, containLabel: true },
      tooltip: { ...frame(colours).tooltip, formatter: rateTip(data.bands) },
      xAxis: category(colours, data.bands.map((row) => row[0])), yAxis: scale(colours, axisPercent, { min: 0 }),
      series: [
        { name: words.bad, type: "bar", data: data.bands.map((row) => row[2]), barMaxWidth: 36, itemStyle: { color: colours.one, borderRadius: [3, 3, 0, 0] } },
        whiskers(data.bands, colours.ink),
      ],
    }),
    vintages: (colours) => data.lines.length ? lines(colours) : frame(colours, {
      legend: { show: false }, grid: { left: 4, right: 8, top: 12, bottom: 4, containLabel: true },
      tooltip: { ...frame(colours).tooltip, formatter: rateTip(data.vintages) },
      xAxis: category(colours, data.vintages.map((row) => row[0])), yAxis: scale(colours, axisPercent, { min: 0 }),
      series: [
        hairline(words.bad, data.vintages.map((row) => row[2]), colours.one, { showSymbol: true, symbolSize: 7 }),
        whiskers(data.vintages, colours.soft),
      ],
    }),
  };
  const lines = (colours) => frame(colours, {
    legend: { type: "scroll", top: 0, left: 0, itemWidth: 12, itemHeight: 6, icon: "roundRect", textStyle: { color: colours.soft, fontSize: 11 } },
    tooltip: { ...frame(colours).tooltip, trigger: "item", formatter: (item) => `${escaped(item.seriesName)} · MOB ${item.value[0]}: ${percent(item.value[1])}` },
    grid: { left: 4, right: 8, top: 34, bottom: 20, containLabel: true },
    xAxis: { type: "value", name: words.mob, nameLocation: "middle", nameGap: 24, minInterval: 1, axisLabel: { color: colours.soft }, nameTextStyle: { color: colours.soft }, splitLine: { show: false } },
    yAxis: scale(colours, axisPercent, { min: 0 }),
    series: data.lines.map((one, at) => {
      const colour = echarts.color.lerp(data.lines.length > 1 ? at / (data.lines.length - 1) : 1, [colours.pale, colours.one, colours.ink]);
      return { name: one.name, type: "line", data: one.points.map((value, month) => [month, value]), showSymbol: false, lineStyle: { width: 2, color: colour }, itemStyle: { color: colour } };
    }),
  });

  const charts = new Map();
  function draw() {
    const colours = palette();
    for (const element of document.querySelectorAll("[data-book-chart]")) {
      const name = element.dataset.bookChart;
      const chart = echarts.getInstanceByDom(element) || echarts.init(element, null, { renderer: "canvas" });
      chart.setOption(drawn[name](colours), true);
      if (!charts.has(name)) {
        charts.set(name, chart);
        new ResizeObserver(() => {
          chart.resize();
          if (name === "curve") put(at);
        }).observe(element);
      }
    }
    put(at);
    document.documentElement.dataset.drawn = "yes";
  }

  // --- the cut-off

  const line = by("cut-line"), field = by("cut");
  let at = Number(line.getAttribute("aria-valuenow"));

  function put(index) {
    const chart = charts.get("curve");
    if (!chart) return;
    const grid = chart.getModel().getComponent("grid").coordinateSystem.getRect();
    line.style.left = `${chart.convertToPixel({ xAxisIndex: 0 }, index)}px`;
    line.style.setProperty("--cut-top", `${grid.y}px`);
    line.style.setProperty("--cut-bottom", `${chart.getHeight() - grid.y - grid.height}px`);
    line.hidden = false;
  }
  function nearest(text) {
    const exact = curve.cuts.indexOf(text);
    if (exact >= 0 || curve.tiers) return Math.max(0, exact);
    const wanted = Number(text);
    if (text.trim() === "" || Number.isNaN(wanted)) return at;
    const gap = (one) => Math.abs(Number(one) - wanted);
    return curve.cuts.reduce((best, one, index) => gap(one) < gap(curve.cuts[best]) ? index : best, 0);
  }
  const shown = {
    count: (one) => count(one[place.count]),
    unknown: (one) => count(one[place.unknown]),
    expected: (one) => percent(one[place.expected]),
    amount: (one) => money(one[place.amount]),
    loss: (one) => money(one[place.loss]),
    profit: (one) => money(one[place.profit]),
    bounds: (one) => `${money(one[place.worst])} – ${money(one[place.best])}`,
  };
  function rateCell(cell, one) {
    cell.replaceChildren();
    if (one[place.rate] == null) {
      cell.textContent = nothing;
      return;
    }
    const range = document.createElement("span");
    range.className = "range";
    range.textContent = `${percent(one[place.low], 1)}–${percent(one[place.high], 1)}`;
    cell.append(`${percent(one[place.rate])} `, range);
  }
  function show(index, typed = false) {
    at = Math.min(last, Math.max(0, index));
    const text = curve.cuts[at], accepted = curve.accepted[at];
    const told = { approval: percent(share(accepted)), expected: shown.expected(accepted), loss: shown.loss(accepted), profit: shown.profit(accepted), text: sign + text };
    for (const cell of document.querySelectorAll("[data-cut]")) cell.textContent = told[cell.dataset.cut];
    curve.sides.forEach((side, number) => {
      const figures = curve.swaps[at][number];
      for (const cell of document.querySelectorAll(`[data-side="${side}"] [data-figure]`)) {
        if (cell.dataset.figure === "rate") rateCell(cell, figures);
        else cell.textContent = shown[cell.dataset.figure](figures);
      }
    });
    if (!typed) field.value = text;
    by("cut-flag").textContent = sign + text;
    line.setAttribute("aria-valuenow", at);
    line.setAttribute("aria-valuetext", words.said.replace("{cut}", sign + text).replace("{approval}", told.approval).replace("{expected}", told.expected).replace("{profit}", told.profit));
    if (by("draft-cut")) by("draft-cut").value = text;
    for (const link of document.querySelectorAll("[data-export]")) {
      const address = new URL(link.href);
      address.searchParams.set("cut", text);
      link.href = address.pathname + address.search;
    }
    put(at);
  }
  let speaking = 0;
  function settle() {
    const address = new URL(location.href);
    address.searchParams.set("cut", curve.cuts[at]);
    address.searchParams.delete("drafted");
    history.replaceState(history.state, "", address.pathname + address.search);
    clearTimeout(speaking);
    // Someone at the slider hears its own text; this is for the field and the buttons.
    if (document.activeElement !== line) speaking = setTimeout(() => { by("cut-said").textContent = line.getAttribute("aria-valuetext"); }, 400);
  }

  line.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    line.focus({ preventScroll: true });
    line.setPointerCapture(event.pointerId);
    const box = document.querySelector("[data-book-chart=curve]").getBoundingClientRect();
    const chart = charts.get("curve");
    const drag = (moved) => {
      const found = chart.convertFromPixel({ xAxisIndex: 0 }, moved.clientX - box.left);
      show(Math.round(Number(found)));
    };
    const stop = () => {
      line.removeEventListener("pointermove", drag);
      line.removeEventListener("pointerup", stop);
      line.removeEventListener("pointercancel", stop);
      settle();
    };
    line.addEventListener("pointermove", drag);
    line.addEventListener("pointerup", stop);
    line.addEventListener("pointercancel", stop);
  });
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };
  line.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(at + steps[event.key]);
    settle();
  });
  field.addEventListener("input", () => show(nearest(field.value), true));
  field.addEventListener("change", () => { show(nearest(field.value)); settle(); });
  by("cut-form").addEventListener("submit", (event) => {
    event.preventDefault();
    show(nearest(field.value));
    settle();
  });
  for (const button of document.querySelectorAll("[data-jump]")) {
    button.addEventListener("click", () => { show(Number(button.dataset.jump)); settle(); });
  }
  draw();
  show(at);
  document.addEventListener("tael:theme", draw);
})();
