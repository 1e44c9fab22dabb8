// A decision table of a policy version: cells judged as they are typed, findings, saving as a draft.
"use strict";

(() => {
  const place = document.getElementById("grid");
  if (!place || !window.TaelGrid) return;
  const by = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(by(id).textContent);
  const data = read("table-data"), words = read("table-words");
  const AT_ONCE = 20000, PAUSE = 250, LISTED = 12;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const original = data.rows.map((cells, from) => ({ from, cells }));
  const here = location.pathname;

  // --- what is wrong with a cell: asked once for each text, of those that were there never

  const tests = data.columns.filter((column) => column.kind === "input").length;
  const judged = data.columns.filter((column) => ["input", "output"].includes(column.kind)).length;
  const known = [new Map(), new Map()];
  const kind = (column) => Number(column < tests);
  for (const row of original) {
    for (let c = 0; c < judged; c += 1) known[kind(c)].set(row.cells[c], "");
  }
  const problem = (row, column) => (column < judged ? known[kind(column)].get(row.cells[column]) || "" : "");

  let marks = new WeakMap(), pause = 0, asking = false, bad = [], leaving = false;

  const grid = new window.TaelGrid.Grid(place, {
    columns: data.columns.map((column) => ({
      kind: column.kind,
      title: column.label || column.text || words[column.kind],
      about: [
        column.label && column.text !== column.label ? column.text : "",
        column.type, column.allowed,
        column.default ? `${words.otherwise} ${column.default}` : "",
      ].filter(Boolean).join(" · "),
    })),
    rows: original,
    editable: data.editable,
    words,
    problem,
    mark: (row) => (marks.get(row) || []).map((one) => one.text).join("\n"),
    changed,
    moved: told_of,
    told: say,
  });
  // For whoever plays the page, tests among them.
  place.grid = grid;

  function say(text, tone = "") {
    by("grid-said").textContent = text;
    by("grid-said").classList.toggle("text-warning", tone === "warning");
  }

  function told_of({ row, column }) {
    const line = grid.rows[row];
    const wrong = line ? problem(line, column) : "";
    const found = line ? (marks.get(line) || []).map((one) => one.text) : [];
    const name = grid.columns[column].title;
    const where = line ? fill(words.place, { rule: row + 1, column: name }) : "";
    by("cell-place").textContent = where;
    by("cell-text").textContent = line ? line.cells[column] : "";
    by("cell-wrong").textContent = [wrong, ...found].filter(Boolean).join(" · ");
  }

  const same = () => grid.rows.length === original.length
    && grid.rows.every((row, n) => row === original[n]
      || (row.from === n && row.cells.every((text, c) => text === original[n].cells[c])));

  // The rules as the server takes them: runs that stay, and rules with their cells.
  function entries() {
    const told = [];
    let run = null;
    for (const row of grid.rows) {
      const kept = row.from !== null && row === original[row.from];
      if (kept && run && run[1] + 1 === row.from) run[1] = row.from;
      else if (kept) told.push(run = [row.from, row.from]);
      else {
        told.push({ from: row.from, cells: row.cells });
        run = null;
      }
    }
    return told;
  }

  async function post(address, body) {
    try {
      const answer = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ csrf: data.csrf, ...body }),
        redirect: "error",
      });
      const found = (answer.headers.get("content-type") || "").includes("json") ? await answer.json() : {};
      return { status: answer.status, ...found };
    } catch {
      return { status: 0 };
    }
  }

  function changed() {
    by("rule-count").textContent = fill(words.rules, { count: grid.rows.length.toLocaleString("en") });
    listed();
    clearTimeout(pause);
    pause = setTimeout(ask, PAUSE);
  }

  function unknown() {
    const found = new Map();
    for (const row of grid.rows) {
      for (let c = 0; c < judged; c += 1) {
        const text = row.cells[c], test = kind(c);
        if (!known[test].has(text)) found.set(`${test}${text}`, [Boolean(test), text]);
        if (found.size >= AT_ONCE) return [...found.values()];
      }
    }
    return [...found.values()];
  }

  async function ask() {
    if (asking) return;
    asking = true;
    let failed = false;
    for (let cells = unknown(); cells.length && !failed; cells = unknown()) {
      const answer = await post(`${here}/cells`, { cells });
      failed = !answer.wrong;
      if (!failed) cells.forEach(([test, text], n) => known[Number(test)].set(text, answer.wrong[n]));
    }
    asking = false;
    if (failed) say(words.offline, "warning");
    grid.render();
    listed();
    told_of(grid.at);
  }

  // --- what stands in the way

  function listed() {
    bad = [];
    grid.rows.forEach((row, n) => {
      for (let c = 0; c < judged; c += 1) {
        const wrong = problem(row, c);
        if (wrong) bad.push([n, c, wrong]);
      }
    });
    if (!data.editable) return;
    const list = by("wrong-cells"), dirty = !same();
    by("wrong").hidden = !bad.length;
    by("wrong-count").textContent = fill(words.wrong, { count: bad.length });
    list.replaceChildren(...bad.slice(0, LISTED).map(([row, column, text]) => {
      const line = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-link";
      button.textContent = fill(words.place, { rule: row + 1, column: grid.columns[column].title });
      button.addEventListener("click", () => {
        grid.focus();
        grid.go(row, column);
      });
      line.append(button, ` ${text}`);
      return line;
    }));
    by("unsaved").hidden = !dirty;
    by("save").disabled = !dirty || bad.length > 0;
    by("save-hint").textContent = bad.length ? words.mend : dirty ? "" : words.unchanged;
  }

  function refused(answer, target) {
    if (answer.wrong) {
      for (const [row, column, text] of answer.wrong) {
        const line = grid.rows[row];
        if (line) known[kind(column)].set(line.cells[column], text);
      }
      grid.render();
      listed();
      const [row, column] = answer.wrong[0];
      grid.go(row, column);
      return;
    }
    const alert = document.createElement("div");
    alert.className = "alert alert-warning";
    alert.setAttribute("role", "alert");
    alert.textContent = answer.problem ? answer.problem.what : answer.status ? words.broken : words.offline;
    target.replaceChildren(alert);
  }

  // --- findings

  function finding(one) {
    const line = document.createElement("li"), text = document.createElement("span");
    line.className = `finding finding-${one.severity}`;
    text.textContent = one.text;
    line.append(text);
    for (const rule of one.rules.slice(0, 8)) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-sm";
      button.textContent = fill(words.rule, { rule });
      button.addEventListener("click", () => {
        grid.focus();
        grid.go(rule - 1, 0);
      });
      line.append(" ", button);
    }
    return line;
  }

  async function verify() {
    const button = by("verify"), target = by("findings");
    button.disabled = true;
    say(words.looking);
    const rows = grid.rows, answer = await post(`${here}/findings`, { rows: entries() });
    button.disabled = false;
    say("");
    by("findings-card").hidden = false;
    if (!answer.findings) {
      refused(answer, target);
      return;
    }
    marks = new WeakMap();
    for (const one of answer.findings) {
      for (const rule of one.rules) {
        const row = rows[rule - 1];
        if (row) marks.set(row, [...(marks.get(row) || []), one]);
      }
    }
    const list = document.createElement("ul"), proof = document.createElement("p");
    list.className = "finding-list";
    list.append(...answer.findings.map(finding));
    proof.className = "text-secondary small mb-0";
    proof.textContent = answer.proven.join(" ");
    const none = document.createElement("p");
    const count = answer.findings.length + answer.more;
    none.textContent = count ? fill(words.found, { count }) : answer.spent ? words.none_yet : words.none;
    target.replaceChildren(none, list, proof);
    grid.render();
    told_of(grid.at);
  }
  by("verify").hidden = false;
  by("verify").addEventListener("click", verify);

  told_of(grid.at);
  document.documentElement.dataset.grid = "ready";
  if (!data.editable) return;

  // --- rules, saving, leaving

  const acts = {
    above: () => grid.insert(false), below: () => grid.insert(true), remove: () => grid.remove(),
    up: () => grid.shift(-1), down: () => grid.shift(1), undo: () => grid.undo(), redo: () => grid.redo(),
  };
  for (const button of document.querySelectorAll("[data-act]")) {
    button.disabled = false;
    button.addEventListener("click", () => {
      acts[button.dataset.act]();
      grid.focus();
    });
  }

  by("save-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = by("save"), form = event.target;
    grid.close(true);
    button.disabled = true;
    say(words.saving);
    const given = { name: form.elements.name.value, why: form.elements.why.value };
    const answer = await post(here, { ...given, rows: entries() });
    say("");
    if (answer.address) {
      leaving = true;
      location.assign(answer.address);
      return;
    }
    refused(answer, by("save-problem"));
    listed();
  });

  window.addEventListener("beforeunload", (event) => {
    if (leaving || same()) return;
    event.preventDefault();
    event.returnValue = "";
  });
  listed();
})();
