// The curves of the first page, drawn from the figures that stand in the page.
"use strict";

(() => {
  const read = (id) => {
    const element = document.getElementById(id);
    return element ? JSON.parse(element.textContent) : null;
  };
  const data = read("chart-data");
  const words = read("chart-words");
  if (!data || !words || !window.echarts) return;

  const chinese = words.language.startsWith("zh");
  const short = (value) => {
    if (value === 0) return "0";
    const steps = chinese ? [[1e8, "亿"], [1e4, "万"]] : [[1e9, "B"], [1e6, "M"], [1e3, "K"]];
    for (const [size, unit] of steps) {
      if (Math.abs(value) >= size) return `${+(value / size).toFixed(1)}${unit}`;
    }
    return String(value);
  };
  const money = (value) => value == null ? "–" : "¥" + value.toLocaleString(words.language, { minimumFractionDigits: 2 });
  const percent = (value) => value == null ? "–" : value.toFixed(2) + "%";

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
      animationDuration: 300,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colours.soft },
      grid: { left: 4, right: 8, top: 34, bottom: 4, containLabel: true },
      legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 8, icon: "roundRect", textStyle: { color: colours.soft } },
      tooltip: {
        trigger: "axis", confine: true, backgroundColor: colours.back, borderColor: colours.line,
        textStyle: { color: colours.ink, fontSize: 12 },
      },
      ...extra,
    };
  }
  const months = (colours) => ({
    type: "category", data: data.months, axisTick: { show: false },
    axisLine: { lineStyle: { color: colours.line } }, axisLabel: { color: colours.soft, hideOverlap: true },
  });
  const scale = (colours, form, extra = {}) => ({
    type: "value", splitNumber: 4, axisLabel: { color: colours.soft, formatter: form },
    splitLine: { lineStyle: { color: colours.line, type: "dashed" } }, ...extra,
  });
  const curve = (name, values, colour, extra = {}) => ({
    name, type: "line", data: values, showSymbol: false, connectNulls: false,
    lineStyle: { width: 2.5, color: colour }, itemStyle: { color: colour }, ...extra,
  });

  const along = (colours) => {
    const axis = months(colours);
    // The first and the last day stand inside the frame; as many days, they are narrower than a label.
    return { ...axis, data: data.days, axisLabel: { ...axis.axisLabel, alignMinLabel: "left", alignMaxLabel: "right" } };
  };
  const stacked = (name, values, colour, extra = {}) => ({
    name, type: "bar", stack: "all", data: values, barMaxWidth: 18, itemStyle: { color: colour }, ...extra,
  });
  // As many colours as there are series, from the palette's one to its other.
  const shade = (colours, index, count) => {
    const ends = [colours.one, colours.pale, colours.two, colours.three];
    return echarts.color && count > 1 ? echarts.color.lerp(index / (count - 1), ends) : colours.one;
  };

  const drawn = {
    book: (colours) => frame(colours, {
      xAxis: months(colours),
      yAxis: [scale(colours, short), scale(colours, short, { splitLine: { show: false } })],
      series: [
        { name: words.new_loans, type: "bar", data: data.new_loans, barMaxWidth: 18, itemStyle: { color: colours.pale, borderRadius: [3, 3, 0, 0] }, tooltip: { valueFormatter: money } },
        curve(words.balance, data.balance, colours.one, { yAxisIndex: 1, tooltip: { valueFormatter: money } }),
      ],
    }),
    prime: (colours) => frame(colours, {
      legend: { show: false }, grid: { left: 4, right: 8, top: 12, bottom: 4, containLabel: true },
      xAxis: months(colours), yAxis: scale(colours, "{value}%", { min: 0, max: 100, interval: 25 }),
      series: [curve(words.prime, data.prime_share, colours.one, { areaStyle: { color: colours.one, opacity: 0.1 }, tooltip: { valueFormatter: percent } })],
    }),
    dpd: (colours) => frame(colours, {
      xAxis: months(colours), yAxis: scale(colours, "{value}%", { min: 0 }),
      series: [
        curve(words.dpd30, data.dpd30, colours.two, { tooltip: { valueFormatter: percent } }),
        curve(words.dpd90, data.dpd90, colours.three, { tooltip: { valueFormatter: percent } }),
      ],
    }),
    vintage: (colours) => {
      const count = data.vintages.length;
      return frame(colours, {
        legend: { type: "scroll", top: 0, left: 0, itemWidth: 12, itemHeight: 6, icon: "roundRect", textStyle: { color: colours.soft, fontSize: 11 }, pageIconColor: colours.soft, pageTextStyle: { color: colours.soft } },
        tooltip: { trigger: "item", confine: true, backgroundColor: colours.back, borderColor: colours.line, textStyle: { color: colours.ink, fontSize: 12 }, formatter: (item) => `${item.seriesName} · MOB ${item.value[0]}: ${percent(item.value[1])}` },
        xAxis: { type: "value", name: words.mob, nameLocation: "middle", nameGap: 24, minInterval: 1, axisLine: { lineStyle: { color: colours.line } }, axisLabel: { color: colours.soft }, nameTextStyle: { color: colours.soft }, splitLine: { show: false } },
        grid: { left: 4, right: 8, top: 34, bottom: 20, containLabel: true },
        yAxis: scale(colours, "{value}%", { min: 0 }),
        series: data.vintages.map((vintage, index) => {
          const share = count > 1 ? index / (count - 1) : 1;
          const colour = echarts.color ? echarts.color.lerp(share, [colours.pale, colours.one, colours.ink]) : colours.one;
          return { name: vintage.name, type: "line", data: vintage.points, showSymbol: vintage.points.length < 2, symbolSize: 4, lineStyle: { width: 2, color: colour }, itemStyle: { color: colour }, emphasis: { focus: "series", lineStyle: { width: 3 } } };
        }),
      });
    },
    spent: (colours) => frame(colours, {
      legend: { type: "scroll", top: 0, left: 0, itemWidth: 12, itemHeight: 8, icon: "roundRect", textStyle: { color: colours.soft, fontSize: 11 }, pageIconColor: colours.soft, pageTextStyle: { color: colours.soft } },
      xAxis: along(colours), yAxis: scale(colours, short),
      series: data.spent.map((one, index) => stacked(one.name, one.values, shade(colours, index, data.spent.length), { tooltip: { valueFormatter: money } })),
    }),
    calls: (colours) => frame(colours, {
      xAxis: along(colours), yAxis: scale(colours, short, { minInterval: 1 }),
      series: [stacked(words.answered, data.answered, colours.one), stacked(words.failed, data.failed, colours.three)],
    }),
  };

  const charts = [];
  function draw() {
    const colours = palette();
    for (const element of document.querySelectorAll("[data-chart]")) {
      const make = drawn[element.dataset.chart];
      if (!make) continue;
      const chart = echarts.getInstanceByDom(element) || echarts.init(element, null, { renderer: "canvas" });
      chart.setOption(make(colours), true);
      if (!charts.includes(chart)) {
        charts.push(chart);
        new ResizeObserver(() => chart.resize()).observe(element);
      }
    }
    document.documentElement.dataset.drawn = "yes";
  }
  draw();
  document.addEventListener("tael:theme", draw);
})();
