// Filters, keys and decisions of the report; the page is a plain document without it.
"use strict";
(() => {
  const find = (selector, within = document) => within.querySelector(selector);
  const list = find("#cards");
  if (!list) return;
  const page = document.body.dataset;
  const cards = [...list.children].map((element) => ({
    element,
    place: Number(element.dataset.place),
    thread: element.dataset.thread,
    id: JSON.parse(element.dataset.id),
    digest: element.dataset.digest,
    flags: element.dataset.flags.split("\n").filter(Boolean),
    rank: Number(element.dataset.rank),
    time: element.dataset.time,
    scores: new Map(element.dataset.scores.split(" ").filter(Boolean).map((pair) => {
      const at = pair.lastIndexOf("=");
      return [pair.slice(0, at), Number(pair.slice(at + 1))];
    })),
    words: null,
  }));
  const labels = cards.length ? [...cards[0].scores.keys()] : [];
  const tools = find(".tools");
  const fields = tools.elements;
  document.documentElement.classList.add("js");
  tools.hidden = false;
  find(".status").hidden = false;

  // ---- What is decided: a log of events, the last one of a comment counts; kept in this browser. ----
  const key = `moderation:${page.run}`;
  let log = [];
  const latest = new Map();
  const trouble = (text) => {
    const line = find("#trouble");
    line.textContent = text;
    line.hidden = !text;
  };
  const load = () => {
    try {
      const stored = JSON.parse(localStorage.getItem(key) || "[]");
      log = Array.isArray(stored) ? stored : [];
      find("#reviewer").value = localStorage.getItem("moderation:reviewer") || "";
      if (localStorage.getItem("moderation:unveiled") === "yes") unveil(true);
    } catch {
      trouble("This browser keeps nothing for files: save your decisions before you close the page.");
    }
    replay();
  };
  const keep = () => {
    try {
      localStorage.setItem(key, JSON.stringify(log));
    } catch {
      trouble("This browser could not keep the decision: save your decisions before you close the page.");
    }
  };
  const replay = () => {
    latest.clear();
    for (const event of log) latest.set(event.comment_id, event);
    cards.forEach(paint);
    count();
  };
  const record = (card, change) => {
    const before = latest.get(card.id);
    const event = {
      comment_id: card.id,
      text_digest: card.digest,
      decision: before ? before.decision : null,
      labels: before ? before.labels : [],
      note: before ? before.note : "",
      ...(before && before.spans ? { spans: before.spans } : {}),
      ...change,
      reviewer: find("#reviewer").value.trim(),
      created_at: new Date().toISOString(),
      model: page.model,
      policy: page.policy,
    };
    log.push(event);
    latest.set(card.id, event);
    keep();
    paint(card);
    count();
  };
  const decide = (card, decision) => {
    const agreed = decision === "remove" || decision === "escalate";
    record(card, { decision, labels: agreed ? card.flags.filter((flag) => labels.includes(flag)) : [] });
  };
  const toggle = (card, label) => {
    const before = latest.get(card.id);
    if (!before) return;
    const chosen = new Set(before.labels);
    if (!chosen.delete(label)) chosen.add(label);
    record(card, { labels: labels.filter((name) => chosen.has(name)) });
  };
  // Of a highlighted word: no reason, a reason, nothing said. Like labels, words are judged once a decision is made.
  const placeOf = (mark) => mark.dataset.at.split("-").map(Number);
  const saidOf = (event, mark) => {
    const [begin, end] = placeOf(mark);
    return (event && event.spans ? event.spans : []).find((one) => one.begin === begin && one.end === end && one.label === mark.dataset.label);
  };
  const judgeWord = (card, mark, confirmed) => {
    const before = latest.get(card.id);
    if (!before) return;
    const [begin, end] = placeOf(mark);
    const said = saidOf(before, mark);
    const rest = (before.spans || []).filter((one) => one !== said);
    // What is said twice is taken back.
    const spans = said && said.confirmed === confirmed ? rest : [...rest, { begin, end, label: mark.dataset.label, confirmed }];
    record(card, { spans: spans.length ? spans.sort((a, b) => a.begin - b.begin) : undefined });
  };
  const undo = () => {
    const event = log.pop();
    if (!event) return;
    keep();
    replay();
    const card = cards.find((one) => one.id === event.comment_id);
    if (card) go(card);
  };
  const save = () => {
    const lines = [...latest.values()].map((event) => JSON.stringify(event) + "\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" }));
    link.download = page.export;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  // ---- How it looks. ----
  const paint = (card) => {
    const event = latest.get(card.id);
    if (event) card.element.dataset.decision = event.decision;
    else delete card.element.dataset.decision;
    const box = find(".decide", card.element);
    if (!box) return;
    const marks = [...card.element.querySelectorAll(".said mark")];
    marks.forEach((mark, at) => {
      const said = saidOf(event, mark);
      mark.classList.toggle("confirmed", Boolean(said) && said.confirmed);
      mark.classList.toggle("rejected", Boolean(said) && !said.confirmed);
      for (const button of box.querySelectorAll(`[data-word="${at}"]`)) {
        button.setAttribute("aria-pressed", String(Boolean(said) && said.confirmed === (button.value === "yes")));
      }
    });
    find(".words", box).hidden = !event || !marks.length;
    for (const button of box.querySelectorAll("[data-decision]")) {
      button.setAttribute("aria-pressed", String(Boolean(event) && event.decision === button.dataset.decision));
    }
    for (const button of box.querySelectorAll("[data-label]")) {
      button.setAttribute("aria-pressed", String(Boolean(event) && event.labels.includes(button.dataset.label)));
    }
    const note = find("input", box);
    if (note !== document.activeElement) note.value = event ? event.note : "";
  };
  const equip = (card) => {
    const box = find("#decide").content.cloneNode(true).firstElementChild;
    const chosen = find(".chosen", box);
    for (const label of labels) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.label = label;
      button.textContent = label;
      chosen.append(button);
    }
    card.element.querySelectorAll(".said mark").forEach((mark, at) => {
      const group = find("#word").content.cloneNode(true).firstElementChild;
      group.setAttribute("aria-label", `${mark.textContent}, ${mark.dataset.label}`);
      find("bdi", group).textContent = mark.textContent;
      for (const button of group.querySelectorAll("button")) button.dataset.word = at;
      find(".words", box).append(group);
    });
    const scores = find(".scores", card.element);
    if (scores) scores.before(box);
    else card.element.append(box);
    paint(card);
  };
  // Buttons are made when a card comes near the screen: most of a long page is never looked at.
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      equip(byElement.get(entry.target));
    }
  }, { rootMargin: "600px" });
  const byElement = new Map(cards.map((card) => [card.element, card]));
  for (const card of cards) seen.observe(card.element);

  const count = () => {
    const visible = cards.filter((card) => !card.element.hidden).length;
    const decided = cards.filter((card) => latest.has(card.id)).length;
    find("#count").textContent = `${visible} of ${cards.length} shown, ${decided} decided`;
    find("#undo").disabled = !log.length;
    find("#save").disabled = !latest.size;
    find("#none").hidden = visible > 0;
  };
  const filter = () => {
    const label = fields.label.value;
    const least = Number(fields.score.value) || 0;
    const thread = fields.thread.value;
    const decided = fields.decided.value;
    const wanted = fields.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const card of cards) {
      const event = latest.get(card.id);
      const score = label && card.scores.has(label) ? card.scores.get(label) : card.rank;
      let fits = (!label || card.flags.includes(label)) && score >= least && (!thread || card.thread === thread);
      if (fits && decided) fits = decided === "no" ? !event : Boolean(event) && (decided === "yes" || event.decision === decided);
      if (fits && wanted.length) {
        card.words ??= [...card.element.querySelectorAll(".said, .author, .path")].map((part) => part.textContent).join(" ").toLowerCase();
        fits = wanted.every((word) => card.words.includes(word));
      }
      card.element.hidden = !fits;
    }
    count();
  };
  const sort = () => {
    const label = fields.label.value;
    const strength = (card) => (label && card.scores.has(label) ? card.scores.get(label) : card.rank);
    const time = (card, missing) => (card.time ? Date.parse(card.time) : missing);
    const orders = {
      place: (a, b) => (label ? strength(b) - strength(a) : 0),
      new: (a, b) => time(b, -Infinity) - time(a, -Infinity),
      old: (a, b) => time(a, Infinity) - time(b, Infinity),
      thread: (a, b) => Number(a.thread) - Number(b.thread),
    };
    const order = orders[fields.sort.value];
    cards.sort((a, b) => order(a, b) || a.place - b.place);
    list.append(...cards.map((card) => card.element));
  };
  const unveil = (on) => {
    document.documentElement.classList.toggle("unveiled", on);
    find("#unveil").setAttribute("aria-pressed", String(on));
  };

  // ---- Moving about. ----
  let current = null;
  const go = (card) => {
    if (current) current.element.classList.remove("current");
    current = card;
    card.element.classList.add("current");
    card.element.scrollIntoView({ block: "nearest" });
    if (!find(".decide", card.element)) {
      seen.unobserve(card.element);
      equip(card);
    }
  };
  const picked = () => find(".said mark.picked", current.element);
  const nextWord = (by) => {
    if (!current || !latest.has(current.id)) return;
    const all = [...current.element.querySelectorAll(".said mark")];
    if (!all.length) return;
    const at = all.findIndex((mark) => mark.classList.contains("picked"));
    const next = at < 0 ? 0 : (at + by + all.length) % all.length;
    all.forEach((mark, place) => mark.classList.toggle("picked", place === next));
    find(".words", current.element).open = true;
    find(`[data-word="${next}"]`, current.element).focus({ preventScroll: true });
  };
  const step = (by) => {
    const shown = cards.filter((card) => !card.element.hidden);
    if (!shown.length) return;
    const at = shown.indexOf(current);
    go(shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), shown.length - 1)]);
  };
  const follow = () => {
    const card = cards.find((one) => `#${one.element.id}` === location.hash);
    if (!card) return;
    if (card.element.hidden) {
      tools.reset();
      sort();
      filter();
    }
    go(card);
    card.element.scrollIntoView({ block: "start" });
  };

  // ---- Events. ----
  list.addEventListener("click", (event) => {
    const card = byElement.get(event.target.closest(".card"));
    const button = event.target.closest("button");
    if (!card || !button) return;
    if (button.dataset.decision) decide(card, button.dataset.decision);
    if (button.dataset.label) toggle(card, button.dataset.label);
    if (button.dataset.word) judgeWord(card, card.element.querySelectorAll(".said mark")[button.dataset.word], button.value === "yes");
  });
  list.addEventListener("change", (event) => {
    const card = byElement.get(event.target.closest(".card"));
    if (card && event.target.closest(".note-field")) record(card, { note: event.target.value.trim() });
  });
  document.querySelector("main").addEventListener("click", (event) => {
    const link = event.target.closest("a[data-field]");
    if (!link) return;
    tools.reset();
    fields[link.dataset.field].value = link.dataset.value;
    sort();
    filter();
  });
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("input", () => { sort(); filter(); });
  find("#clear").addEventListener("click", () => {
    tools.reset();
    sort();
    filter();
  });
  find("#unveil").addEventListener("click", () => {
    const on = !document.documentElement.classList.contains("unveiled");
    unveil(on);
    try { localStorage.setItem("moderation:unveiled", on ? "yes" : "no"); } catch { /* it holds for this visit */ }
  });
  find("#undo").addEventListener("click", undo);
  find("#save").addEventListener("click", save);
  find("#help").addEventListener("click", () => find("#keys").showModal());
  find("#close").addEventListener("click", () => find("#keys").close());
  find("#reviewer").addEventListener("change", (event) => {
    try { localStorage.setItem("moderation:reviewer", event.target.value.trim()); } catch { /* it holds for this visit */ }
  });
  addEventListener("hashchange", follow);
  addEventListener("storage", (event) => { if (event.key === key) load(); });

  const commands = {
    j: () => step(1),
    k: () => step(-1),
    a: () => current && decide(current, "approve"),
    r: () => current && decide(current, "remove"),
    e: () => current && decide(current, "escalate"),
    s: () => current && decide(current, "skip"),
    u: undo,
    w: () => nextWord(1),
    W: () => nextWord(-1),
    "+": () => current && picked() && judgeWord(current, picked(), true),
    "-": () => current && picked() && judgeWord(current, picked(), false),
    n: () => current && latest.has(current.id) && find(".note-field input", current.element).focus(),
    x: () => {
      const box = current && find(".reveal", current.element);
      if (box) box.checked = !box.checked;
    },
    "/": () => fields.search.focus(),
    "?": () => find("#keys").showModal(),
  };
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches("input, select")) event.target.blur();
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || find("#keys").open) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    const number = Number(event.key);
    if (number >= 1 && number <= labels.length && current) toggle(current, labels[number - 1]);
    else if (Object.hasOwn(commands, event.key)) commands[event.key]();
    else return;
    event.preventDefault();
  });

  load();
  follow();
})();
