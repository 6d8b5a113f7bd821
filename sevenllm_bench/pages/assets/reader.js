// One row with every run's answer: the texts of the page's data file, put into the page as text and never as HTML.
"use strict";
(() => {
  const MARKS = [["same", "="], ["alike", "≈"], ["missing", "−"], ["added", "+"]];
  const UNREAD = 1, CUT = 2;
  const LEGEND = "= in the reference too, ≈ in the reference in another spelling, − only in the reference, + only in the answer. Values count whole: part of one is none. Beside each: whether the incident text has it.";
  /** What the text says of a value, by the letters of text_support.py. */
  const SUPPORT = {
    e: "in the text", n: "in the text (other spelling)", u: "in the text (number)", d: "in the text (date)", f: "in the text (fuzzy)",
    a: "not in the text", l: "not in the text (a passage)", c: "no claim",
  };

  /** The JSON text that a data file holds, unpacked; rejects where the browser can't or the file is damaged. */
  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  class Reader {
    /** `runs`: key, name and label (an element to copy) of each run. */
    constructor(data, runs, place) {
      this.data = data;
      this.runs = runs;
      this.what = place.dataset.what;
      this.language = place.dataset.language === "zh" ? "zh-Hans" : "";
      this.records = new Map(data.rows.map(([id, parts, answers, support]) => [id, { id, parts, answers, support }]));
    }

    /** Number of a value's text to what the incident text says of it: letters come in the order of values in the answers. */
    supportOf(record) {
      const found = new Map();
      if (!record.support) return found;
      for (const answer of record.answers) {
        if (!answer || answer[2] & UNREAD || !answer[4]) continue;
        for (const number of answer[4].flat()) if (!found.has(number)) found.set(number, SUPPORT[record.support[found.size]]);
      }
      return found;
    }

    /** A text as it is, without what stands for characters that can't be seen. */
    plain(number, whole = true) {
      const entry = this.data.texts[number];
      if (typeof entry === "string") return entry;
      const own = (stretch) => (typeof stretch === "string" ? stretch : stretch.filter((_, place) => whole || place % 2 === 0).join(""));
      return own(entry[0]) + own(entry[1]);
    }

    /** The numbers of a row's own texts. */
    numbersOf(record) {
      return record.parts.flatMap((part) => (Array.isArray(part) ? part.map(([, text]) => text) : part === null ? [] : [part]));
    }

    element(tag, name, ...content) {
      const made = document.createElement(tag);
      if (name) made.className = name;
      made.append(...content);
      return made;
    }

    /** Text with stand-ins marked: strings in turn shown as they are and spelled out. */
    stretch(found) {
      if (typeof found === "string") return [found];
      return found.map((text, place) => (place % 2 ? this.element("span", "spelled", text) : text)).filter((own) => own !== "");
    }

    box(tag, name, found) {
      const made = this.element(tag, name, ...this.stretch(found));
      made.dir = "auto";
      if (this.language) made.lang = this.language;
      return made;
    }

    /** A text, the rest of a long one behind a switch. */
    text(number, code) {
      const entry = this.data.texts[number], name = code ? "text code" : "text";
      if (typeof entry === "string") return [this.box("div", name, entry)];
      const [start, rest, characters, leftOut] = entry;
      if (!rest.length) return [this.box("div", name, start)];
      const more = this.element("details", "more", this.element("summary", "", `Show the rest (${characters.toLocaleString("en")} characters)`));
      more.append(this.box("div", name, rest));
      if (leftOut) more.append(this.element("p", "note", `${leftOut.toLocaleString("en")} more characters are not in this page.`));
      return [this.box("div", name, start), more];
    }

    part(place, value) {
      const [title, pinned, code] = this.data.parts[place];
      if (value === null) return null;
      const made = this.element("section", pinned ? "part pinned" : "part", this.element("h4", "", title));
      if (Array.isArray(value)) made.append(this.options(value)); else made.append(...this.text(value, code));
      return made;
    }

    options(options) {
      return this.element("ol", "options", ...options.map(([letter, number, right]) => {
        const item = this.element("li", right ? "right" : "", this.element("b", "", letter), " ", this.short("bdi", number));
        if (right) item.append(" ", this.element("span", "tag good", "reference"));
        return item;
      }));
    }

    answer(run, answer, mark, support) {
      const head = this.element("h4", "", run.label.cloneNode(true));
      if (mark) head.prepend(this.element("span", "tag pair", mark), " ");
      const made = this.element("article", "answer", head);
      if (!answer) return this.element("article", "answer", head, this.element("p", "note", `This run lacks the ${this.what}.`));
      const [values, how, flags, text, marks, counts, whyText, invented] = answer;
      made.append(this.scores(values, how, flags));
      if (text === null) {
        if (!marks) made.append(this.element("p", "note", "No text: the likelihoods of the options count, or the file has no answer."));
      } else if (this.plain(text).trim()) made.append(...this.text(text, false));
      else made.append(this.element("p", "note", this.what === "row" ? "An empty answer." : "No answer."));
      if (marks) made.append(this.values(marks, counts, whyText, flags & UNREAD ? new Map() : support));
      if (invented) made.append(this.invented(invented));
      return made;
    }

    scores(values, how, flags) {
      const line = this.element("p", "scores");
      values.forEach((value, place) => {
        if (value !== null) line.append(this.element("span", "", this.element("code", "", this.data.metrics[place]), ` ${(value / 1000).toFixed(3)}`));
      });
      if (how) line.append(this.element("span", "", "read as ", this.element("b", "", how)));
      if (flags & UNREAD) line.append(this.element("span", "tag", this.what === "row" ? "unread" : "no answer"));
      if (flags & CUT) line.append(this.element("span", "tag", "looks cut off"));
      return line;
    }

    /** The indicators of an analysis that nobody gave. */
    invented(numbers) {
      const made = this.element("p", "invented", "Neither in the text nor in the question: ");
      numbers.forEach((number, place) => made.append(place ? ", " : "", this.short("bdi", number)));
      return made;
    }

    /** A text that is shown on one line. */
    short(tag, number) {
      const text = this.data.texts[number];
      return this.box(tag, "", typeof text === "string" ? text : text[0]);
    }

    /** The values of an extraction against the reference's and the text's, told apart when the page was made. */
    values(marks, counts, whyText, support) {
      const all = MARKS.map((_, place) => counts[place] ?? marks[place].length);
      const words = [`${all[0]} the same`, ...(this.what === "row" ? [`${all[1]} spelled otherwise`] : []), `${all[2]} missing`, `${all[3]} added`];
      const made = this.element("details", "values", this.element("summary", "", `Values: ${words.join(", ")}`));
      made.open = true;
      if (whyText) made.append(this.element("p", "note", `No JSON could be read (${whyText}), so the whole text counts as one value.`));
      const list = this.element("ul", "diff");
      MARKS.forEach(([name, sign], place) => {
        for (const number of marks[place]) {
          const shown = this.element("span", "mark", this.element("span", "", sign), this.element("span", "sr", ` ${name}: `));
          shown.firstChild.setAttribute("aria-hidden", "true");
          const item = this.element("li", name, shown, this.short("bdi", number));
          if (support.has(number)) item.append(this.element("span", "support", support.get(number)));
          list.append(item);
        }
      });
      made.append(list);
      const left = all.reduce((sum, count) => sum + count, 0) - list.children.length;
      if (left) made.append(this.element("p", "note", `${left.toLocaleString("en")} more values are not shown.`));
      return made;
    }

    /** The whole row: what is asked, and the answers of `order` (places of runs), the first two marked where `pair`. */
    render(record, order, pair) {
      const ask = this.element("div", "ask", ...record.parts.map((part, place) => this.part(place, part)).filter(Boolean));
      const support = this.supportOf(record);
      const answers = this.element("div", "answers", ...order.map((run, place) => {
        const mark = pair && place < 2 ? "AB"[place] : "";
        return this.answer(this.runs[run], record.answers[run], mark, support);
      }));
      if (support.size) answers.prepend(this.element("p", "note legend", LEGEND));
      return [ask, answers];
    }

    /** A row as an object for a file. */
    asObject(record, order) {
      const own = (value) => (Array.isArray(value) ? Object.fromEntries(value.map(([letter, text]) => [letter, this.plain(text)])) : this.plain(value));
      const found = { id: record.id };
      this.data.parts.forEach(([title], place) => { if (record.parts[place] !== null) found[title.toLowerCase()] = own(record.parts[place]); });
      found.answers = order.filter((run) => record.answers[run]).map((run) => {
        const [values, how, , text] = record.answers[run];
        const scores = Object.fromEntries(values.map((value, place) => [this.data.metrics[place], value === null ? null : value / 1000]));
        return { run: this.runs[run].name, ...scores, ...(how ? { read_as: how } : {}), text: text === null ? null : this.plain(text) };
      });
      return found;
    }

    /** Give rows to the user as a file, one JSON object a line. */
    save(records, order) {
      const lines = records.map((record) => `${JSON.stringify(this.asObject(record, order))}\n`);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
      link.download = location.pathname.split("/").pop().replace(/\.html$/, ".jsonl");
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }
  }

  window.sevenllmReader = { unpack, Reader, UNREAD, CUT };
})();
