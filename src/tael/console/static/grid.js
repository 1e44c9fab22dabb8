// A grid of texts for tables of any length: only the rows in sight stand in the page.
// Knows cells, keys, clipboard and undo; what a cell means is told by whoever opens it.
"use strict";

(() => {
  const ROW = 34, SPARE = 6, UNDO = 200, WIDE = 320, NARROW = 92;
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  // --- text of the clipboard, as spreadsheets write it

  // A field in quotation marks is unwrapped only where it had to be wrapped: "approve" is FEEL's
  // own way to write a text, and spreadsheets hand it on as it stands.
  function wrapped(text, at) {
    let inner = "", must = false;
    for (let i = at + 1; i < text.length; i += 1) {
      if (text[i] !== '"') {
        if ("\t\n\r".includes(text[i])) must = true;
        inner += text[i];
      } else if (text[i + 1] === '"') {
        must = true;
        inner += '"';
        i += 1;
      } else {
        const ends = i + 1 === text.length || "\t\n\r".includes(text[i + 1]);
        // "" alone is the empty text of FEEL, not a field without anything.
        return ends && must ? { inner, end: i + 1 } : null;
      }
    }
    return null;
  }

  function fromClipboard(text) {
    const rows = [[]];
    let at = 0;
    while (at <= text.length) {
      const found = text[at] === '"' ? wrapped(text, at) : null;
      let end = found ? found.end : at;
      if (!found) while (end < text.length && !"\t\n\r".includes(text[end])) end += 1;
      rows[rows.length - 1].push(found ? found.inner.replace(/\r\n?/g, "\n") : text.slice(at, end));
      if (end >= text.length) break;
      if (text[end] === "\r" && text[end + 1] === "\n") end += 1;
      if (text[end] !== "\t") rows.push([]);
      at = end + 1;
    }
    const last = rows[rows.length - 1];
    if (rows.length > 1 && last.length === 1 && last[0] === "") rows.pop();
    return rows;
  }

  const toClipboard = (rows) => rows.map((row) => row.map((text) => (
    /[\t\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text
  )).join("\t")).join("\n");

  // --- the grid

  class Grid {
    // `shown` gives columns ({title, about, kind}), rows ({from, cells}), whether they may be
    // changed, and words; `problem(row, column)` and `mark(row)` say what to show beside a cell.
    constructor(place, shown) {
      Object.assign(this, { place, columns: shown.columns, rows: shown.rows, words: shown.words });
      this.editable = shown.editable;
      this.problem = shown.problem || (() => "");
      this.mark = shown.mark || (() => "");
      this.changed = shown.changed || (() => {});
      this.moved = shown.moved || (() => {});
      this.told = shown.told || (() => {});
      this.undone = [];
      this.done = [];
      this.at = { row: 0, column: 0 };
      this.anchor = { row: 0, column: 0 };
      this.editor = null;
      this.pool = [];
      this.build();
      this.listen();
      this.render();
    }

    build() {
      const make = (name, role) => {
        const element = document.createElement("div");
        element.className = name;
        if (role) element.setAttribute("role", role);
        return element;
      };
      this.make = make;
      const { place } = this;
      place.setAttribute("role", "grid");
      place.setAttribute("aria-colcount", this.columns.length + 1);
      place.setAttribute("aria-readonly", String(!this.editable));
      place.setAttribute("aria-multiselectable", "true");
      place.tabIndex = 0;
      place.style.setProperty("--grid-columns", this.widths());
      this.head = make("grid-row grid-head", "row");
      this.head.setAttribute("aria-rowindex", "1");
      this.head.append(this.heading("#", "", "number", 0));
      this.columns.forEach((column, n) => {
        this.head.append(this.heading(column.title, column.about, column.kind, n + 1));
      });
      this.body = make("grid-body", "rowgroup");
      place.replaceChildren(this.head, this.body);
    }

    heading(title, about, kind, number) {
      const cell = this.make(`grid-cell kind-${kind}`, "columnheader");
      cell.setAttribute("aria-colindex", number + 1);
      const name = document.createElement("span");
      name.className = "grid-title";
      name.textContent = title;
      cell.append(name);
      if (about) {
        const more = document.createElement("span");
        more.className = "grid-about";
        more.textContent = about;
        cell.append(more);
      }
      cell.title = [title, about].filter(Boolean).join("\n");
      return cell;
    }

    widths() {
      const seen = this.rows.slice(0, 200);
      const sizes = this.columns.map((column, n) => {
        const letters = Math.max(
          column.title.length, Math.min((column.about || "").length, 24),
          ...seen.map((row) => {
            let size = 0;
            for (const letter of row.cells[n]) size += letter.charCodeAt(0) > 255 ? 1.7 : 1;
            return size;
          }),
        );
        return clamp(Math.round(letters * 8.2) + 26, NARROW, WIDE);
      });
      this.wide = 58 + sizes.reduce((sum, size) => sum + size, 0);
      return `58px ${sizes.slice(0, -1).map((size) => `${size}px`).join(" ")} minmax(${sizes[sizes.length - 1]}px, 1fr)`;
    }

    // --- drawing

    render() {
      const { place, rows } = this;
      place.setAttribute("aria-rowcount", rows.length + 1);
      this.body.style.height = `${rows.length * ROW}px`;
      this.body.style.minWidth = this.head.style.minWidth = `${this.wide}px`;
      const first = clamp(Math.floor(place.scrollTop / ROW) - SPARE, 0, Math.max(0, rows.length - 1));
      const count = Math.ceil(place.clientHeight / ROW) + 2 * SPARE;
      const last = Math.min(rows.length, first + count);
      while (this.pool.length < last - first) this.pool.push(this.line());
      while (this.pool.length > last - first) this.pool.pop().remove();
      for (let n = first; n < last; n += 1) this.draw(this.pool[n - first], n);
      const active = this.cell(this.at.row, this.at.column);
      if (active) place.setAttribute("aria-activedescendant", active.id);
      else place.removeAttribute("aria-activedescendant");
    }

    line() {
      const line = this.make("grid-row", "row");
      const number = this.make("grid-cell grid-number", "rowheader");
      number.setAttribute("aria-colindex", "1");
      line.append(number);
      this.columns.forEach((column, n) => {
        const cell = this.make(`grid-cell kind-${column.kind}`, "gridcell");
        cell.setAttribute("aria-colindex", n + 2);
        cell.dataset.column = n;
        line.append(cell);
      });
      this.body.append(line);
      return line;
    }

    draw(line, n) {
      const row = this.rows[n], mark = this.mark(row);
      const box = this.selection();
      line.style.transform = `translateY(${n * ROW}px)`;
      line.setAttribute("aria-rowindex", n + 2);
      line.dataset.row = n;
      const [number, ...cells] = line.children;
      number.textContent = n + 1;
      number.classList.toggle("marked", Boolean(mark));
      number.title = mark;
      cells.forEach((cell, c) => {
        const text = row.cells[c], wrong = this.problem(row, c);
        cell.id = `cell-${n}-${c}`;
        const line = text.replace(/\n/g, " ↵ ");
        if (cell.textContent !== line) cell.textContent = line;
        cell.title = wrong || (text.length > 24 || text.includes("\n") ? text : "");
        const inside = n >= box.top && n <= box.bottom && c >= box.left && c <= box.right;
        cell.classList.toggle("wrong", Boolean(wrong));
        cell.classList.toggle("picked", inside);
        cell.classList.toggle("active", n === this.at.row && c === this.at.column);
        cell.setAttribute("aria-selected", String(inside));
        if (wrong) cell.setAttribute("aria-invalid", "true");
        else cell.removeAttribute("aria-invalid");
      });
    }

    cell(row, column) {
      return document.getElementById(`cell-${row}-${column}`);
    }

    selection() {
      const { at, anchor } = this;
      return {
        top: Math.min(at.row, anchor.row), bottom: Math.max(at.row, anchor.row),
        left: Math.min(at.column, anchor.column), right: Math.max(at.column, anchor.column),
      };
    }

    // --- moving

    go(row, column, extend = false) {
      this.at = {
        row: clamp(row, 0, Math.max(0, this.rows.length - 1)),
        column: clamp(column, 0, this.columns.length - 1),
      };
      if (!extend) this.anchor = { ...this.at };
      this.reveal();
      this.render();
      this.moved(this.at);
    }

    reveal() {
      const { place } = this, top = this.at.row * ROW, head = this.head.offsetHeight;
      const room = place.clientHeight - head;
      if (top < place.scrollTop) place.scrollTop = top;
      else if (top + ROW > place.scrollTop + room) place.scrollTop = top + ROW - room;
      const heading = this.head.children[this.at.column + 1];
      const left = heading.offsetLeft, right = left + heading.offsetWidth;
      const frozen = this.head.firstElementChild.offsetWidth;
      if (left - frozen < place.scrollLeft) place.scrollLeft = left - frozen;
      else if (right > place.scrollLeft + place.clientWidth) place.scrollLeft = right - place.clientWidth;
    }

    focus() {
      this.place.focus({ preventScroll: true });
    }

    // --- changing

    commit(rows, at = this.at, anchor = at) {
      this.done.push({ rows: this.rows, at: this.at });
      if (this.done.length > UNDO) this.done.shift();
      this.undone = [];
      this.take(rows, at, anchor);
    }

    take(rows, at, anchor = at) {
      this.rows = rows;
      this.at = { ...at };
      this.anchor = { ...anchor };
      this.at.row = clamp(this.at.row, 0, Math.max(0, rows.length - 1));
      this.anchor.row = clamp(this.anchor.row, 0, Math.max(0, rows.length - 1));
      this.reveal();
      this.render();
      this.changed();
      this.moved(this.at);
    }

    undo() {
      const before = this.done.pop();
      if (!before) return;
      this.undone.push({ rows: this.rows, at: this.at });
      this.take(before.rows, before.at);
    }

    redo() {
      const after = this.undone.pop();
      if (!after) return;
      this.done.push({ rows: this.rows, at: this.at });
      this.take(after.rows, after.at);
    }

    empty() {
      return { from: null, cells: this.columns.map(() => "") };
    }

    // Writes a block of texts with its first cell at `row`, `column`; rules are added as needed.
    write(row, column, block) {
      const rows = this.rows.slice();
      let width = 1;
      block.forEach((texts, n) => {
        const before = rows[row + n] || this.empty();
        const cells = before.cells.slice();
        texts.slice(0, this.columns.length - column).forEach((text, c) => { cells[column + c] = text; });
        width = Math.max(width, Math.min(texts.length, this.columns.length - column));
        rows[row + n] = cells.some((text, c) => text !== before.cells[c]) || !rows[row + n]
          ? { from: before.from, cells } : before;
      });
      const added = Math.max(0, row + block.length - this.rows.length);
      // A block may have more rows than a function takes arguments.
      const cut = block.reduce((most, texts) => Math.max(most, texts.length - (this.columns.length - column)), 0);
      const end = { row: row + block.length - 1, column: column + width - 1 };
      this.commit(rows, { row, column }, end);
      return { added, cut };
    }

    paste(text) {
      let block = fromClipboard(text);
      const box = this.selection();
      if (block.length === 1 && block[0].length === 1) {
        block = Array.from({ length: box.bottom - box.top + 1 },
          () => Array(box.right - box.left + 1).fill(block[0][0]));
      }
      const { added, cut } = this.write(box.top, box.left, block);
      const said = [this.words.pasted.replace("{rows}", block.length)];
      if (added) said.push(this.words.added.replace("{rows}", added));
      if (cut) said.push(this.words.cut.replace("{columns}", cut));
      this.told(said.join(" "), cut ? "warning" : "");
    }

    copied() {
      const box = this.selection();
      return toClipboard(this.rows.slice(box.top, box.bottom + 1)
        .map((row) => row.cells.slice(box.left, box.right + 1)));
    }

    clear() {
      if (!this.rows.length) return;
      const box = this.selection(), anchor = { row: box.bottom, column: box.right };
      const rows = this.rows.slice();
      for (let n = box.top; n <= box.bottom; n += 1) {
        const cells = rows[n].cells.slice().fill("", box.left, box.right + 1);
        rows[n] = { from: rows[n].from, cells };
      }
      this.commit(rows, { row: box.top, column: box.left }, anchor);
    }

    insert(below) {
      const box = this.selection(), rows = this.rows.slice();
      const place = rows.length ? (below ? box.bottom + 1 : box.top) : 0;
      rows.splice(place, 0, this.empty());
      this.commit(rows, { row: place, column: 0 });
    }

    remove() {
      if (!this.rows.length) return;
      const box = this.selection(), rows = this.rows.slice();
      rows.splice(box.top, box.bottom - box.top + 1);
      this.commit(rows, { row: box.top, column: this.at.column });
    }

    shift(by) {
      const box = this.selection(), rows = this.rows.slice();
      if (!rows.length || box.top + by < 0 || box.bottom + by >= rows.length) return;
      const taken = rows.splice(box.top, box.bottom - box.top + 1);
      rows.splice(box.top + by, 0, ...taken);
      const move = ({ row, column }) => ({ row: row + by, column });
      this.commit(rows, move(this.at), move(this.anchor));
    }

    // --- one cell as a field

    edit(text) {
      if (!this.editable || !this.rows.length || this.editor) return;
      this.reveal();
      this.render();
      const cell = this.cell(this.at.row, this.at.column);
      const field = document.createElement("textarea");
      field.className = "grid-editor";
      field.setAttribute("aria-label", `${this.columns[this.at.column].title} ${this.at.row + 1}`);
      field.spellcheck = false;
      field.autocomplete = "off";
      field.value = text === undefined ? this.rows[this.at.row].cells[this.at.column] : text;
      field.style.left = `${cell.offsetLeft}px`;
      field.style.top = `${this.at.row * ROW}px`;
      field.style.width = `${cell.offsetWidth}px`;
      this.body.append(field);
      const grow = () => {
        field.style.height = `${ROW}px`;
        field.style.height = `${Math.max(ROW, field.scrollHeight + 2)}px`;
      };
      grow();
      field.addEventListener("input", grow);
      field.addEventListener("keydown", (event) => this.typing(event));
      field.addEventListener("blur", () => this.close(true));
      this.editor = field;
      field.focus({ preventScroll: true });
      field.setSelectionRange(field.value.length, field.value.length);
    }

    close(keep) {
      const field = this.editor;
      if (!field) return;
      this.editor = null;
      const text = field.value, { row, column } = this.at;
      field.remove();
      if (keep && this.rows[row] && text !== this.rows[row].cells[column]) {
        this.write(row, column, [[text]]);
      }
    }

    typing(event) {
      event.stopPropagation();
      if (event.isComposing) return;
      const { row, column } = this.at;
      if (event.key === "Escape") {
        event.preventDefault();
        this.close(false);
        this.focus();
      } else if (event.key === "Enter" && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        this.close(true);
        this.focus();
        this.go(row + 1, column);
      } else if (event.key === "Enter" && event.altKey) {
        event.preventDefault();
        const field = event.target;
        field.setRangeText("\n", field.selectionStart, field.selectionEnd, "end");
        field.dispatchEvent(new Event("input"));
      } else if (event.key === "Tab") {
        event.preventDefault();
        this.close(true);
        this.focus();
        this.go(row, column + (event.shiftKey ? -1 : 1));
      }
    }

    // --- keys, mouse and clipboard

    listen() {
      const { place } = this;
      let waiting = false;
      place.addEventListener("scroll", () => {
        if (waiting) return;
        waiting = true;
        requestAnimationFrame(() => {
          waiting = false;
          this.render();
        });
      });
      new ResizeObserver(() => this.render()).observe(place);
      place.addEventListener("keydown", (event) => this.key(event));
      place.addEventListener("pointerdown", (event) => this.press(event));
      place.addEventListener("pointermove", (event) => this.drag(event));
      place.addEventListener("pointerup", () => { this.dragging = false; });
      place.addEventListener("dblclick", (event) => {
        if (event.target.closest("[data-column]")) this.edit();
      });
      for (const kind of ["copy", "cut", "paste"]) {
        document.addEventListener(kind, (event) => {
          if (document.activeElement === place) this.clipboard(kind, event);
        });
      }
    }

    clipboard(kind, event) {
      event.preventDefault();
      if (kind === "paste") {
        if (this.editable) this.paste(event.clipboardData.getData("text/plain"));
        return;
      }
      event.clipboardData.setData("text/plain", this.copied());
      if (kind === "cut" && this.editable) this.clear();
    }

    place_of(event) {
      const line = event.target.closest("[data-row]"), cell = event.target.closest("[data-column]");
      if (!line) return null;
      return { row: Number(line.dataset.row), column: cell ? Number(cell.dataset.column) : -1 };
    }

    press(event) {
      const found = event.button === 0 ? this.place_of(event) : null;
      if (!found) return;
      this.close(true);
      const again = found.row === this.at.row && found.column === this.at.column;
      const focused = document.activeElement === this.place;
      if (event.pointerType === "mouse") {
        event.preventDefault();
        this.dragging = true;
      }
      this.focus();
      if (found.column < 0) {
        // The number of a rule picks the whole of it.
        this.go(found.row, this.columns.length - 1, event.shiftKey);
        this.anchor = { row: event.shiftKey ? this.anchor.row : found.row, column: 0 };
        this.render();
        this.dragging = false;
      } else if (again && focused && event.pointerType !== "mouse") {
        event.preventDefault();
        this.edit();
      } else {
        this.go(found.row, found.column, event.shiftKey);
      }
    }

    drag(event) {
      if (!this.dragging || !(event.buttons & 1)) return;
      const found = this.place_of(event);
      if (!found || found.column < 0) return;
      if (found.row !== this.at.row || found.column !== this.at.column) this.go(found.row, found.column, true);
    }

    key(event) {
      if (this.editor || event.isComposing) return;
      const meta = event.ctrlKey || event.metaKey;
      const handled = meta ? this.command(event) : this.step(event) || this.type(event);
      if (handled) event.preventDefault();
    }

    // Keys with Ctrl: undo, redo, all, and far steps.
    command(event) {
      const { at } = this, last = this.rows.length - 1, wide = this.columns.length - 1;
      const far = {
        Home: [0, 0], End: [last, wide], ArrowUp: [0, at.column], ArrowDown: [last, at.column],
        ArrowLeft: [at.row, 0], ArrowRight: [at.row, wide],
      }[event.key];
      if (far) {
        this.go(far[0], far[1], event.shiftKey);
        return true;
      }
      const key = event.key.toLowerCase();
      if (key === "a") {
        this.anchor = { row: 0, column: 0 };
        this.at = { row: Math.max(0, last), column: wide };
        this.render();
        return true;
      }
      if (!this.editable) return false;
      if (key === "z") event.shiftKey ? this.redo() : this.undo();
      else if (key === "y") this.redo();
      else return false;
      return true;
    }

    step(event) {
      const { at } = this, page = Math.max(1, Math.floor(this.place.clientHeight / ROW) - 2);
      if (event.altKey && this.editable && ["ArrowUp", "ArrowDown"].includes(event.key)) {
        this.shift(event.key === "ArrowUp" ? -1 : 1);
        return true;
      }
      const to = {
        ArrowUp: [at.row - 1, at.column], ArrowDown: [at.row + 1, at.column],
        ArrowLeft: [at.row, at.column - 1], ArrowRight: [at.row, at.column + 1],
        Home: [at.row, 0], End: [at.row, this.columns.length - 1],
        PageUp: [at.row - page, at.column], PageDown: [at.row + page, at.column],
      }[event.key];
      if (to) {
        this.go(to[0], to[1], event.shiftKey);
        return true;
      }
      return event.key === "Tab" ? this.tab(event.shiftKey) : false;
    }

    // Tab walks through the cells; after Escape, or at either end, it leaves the grid.
    tab(back) {
      if (this.leaving) {
        this.leaving = false;
        return false;
      }
      const wide = this.columns.length;
      const next = this.at.row * wide + this.at.column + (back ? -1 : 1);
      if (next < 0 || next >= wide * this.rows.length) return false;
      this.go(Math.floor(next / wide), next % wide);
      return true;
    }

    type(event) {
      if (event.key === "Escape") {
        this.leaving = true;
        return true;
      }
      if (!this.editable || event.altKey) return false;
      if (event.key === "Enter" || event.key === "F2") this.edit();
      else if (event.key === "Delete" || event.key === "Backspace") this.clear();
      else if (event.key === "Insert") this.insert(true);
      else if (event.key.length === 1 || event.key === "Process") {
        // The letter goes into the field by itself: the field has the focus before it is typed.
        this.edit("");
        return false;
      } else return false;
      return true;
    }
  }

  window.TaelGrid = { Grid, fromClipboard, toClipboard };
})();
