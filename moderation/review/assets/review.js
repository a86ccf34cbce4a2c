// Keys, and decisions without leaving the page; everything works without it, form by form.
"use strict";
(() => {
  const find = (selector, within = document) => within.querySelector(selector);
  const list = find("#cards");
  const page = document.body.dataset;
  document.documentElement.classList.add("js");
  for (const id of ["unveil", "help"]) if (find(`#${id}`)) find(`#${id}`).hidden = false;
  const cards = () => [...list.querySelectorAll(":scope > .card")];
  const trouble = (text) => {
    const line = find("#trouble");
    line.textContent = text;
    line.hidden = !text;
  };
  const send = async (address, fields) => {
    const body = new URLSearchParams(fields);
    body.set("csrf", page.csrf);
    const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
    const kind = answer.headers.get("Content-Type") || "";
    const said = kind.startsWith("application/json") ? await answer.json() : { error: (await answer.text()).trim() };
    if (!answer.ok) throw new Error(said.error || `the server answered ${answer.status}`);
    return said;
  };
  const element = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html.trim();
    return template.content.firstElementChild;
  };
  const counter = (html) => { find("#counter").replaceWith(element(html)); };

  // ---- Moving about. ----
  let current = null;
  const go = (card, scroll = true) => {
    if (current) current.classList.remove("current");
    current = card;
    if (!card) return;
    card.classList.add("current");
    if (scroll) card.scrollIntoView({ block: "nearest" });
    card.focus({ preventScroll: true });
    place();
    if (page.view === "one") show(find(".context", card), true);
  };
  const place = () => {
    const all = cards();
    const line = find("#position");
    if (line && all.length > 1) line.textContent = `${all.indexOf(current) + 1} of ${all.length} on this page`;
  };
  const onward = async () => {
    if (!find("#more")) return;
    await Promise.allSettled(pending);
    if (!list.querySelector(".failed")) location.assign(find("#more").href);
  };
  const step = (by) => {
    const all = cards();
    const at = all.indexOf(current) + by;
    if (at >= all.length) onward();
    else go(all[Math.max(at, 0)]);
  };
  const next = () => {
    const all = cards();
    const rest = all.slice(all.indexOf(current) + 1).find((card) => !card.dataset.decision && !card.classList.contains("pending"));
    if (rest) go(rest);
    else onward();
  };

  // ---- Deciding: a card is marked as decided when the server has it on disk, not before. ----
  const pending = new Set();
  const decide = (card, decision, moveOn) => {
    const form = find("form.decide", card);
    if (!form || card.classList.contains("pending")) return;
    const fields = new FormData(form);
    fields.set("decision", decision);
    card.classList.add("pending");
    card.classList.remove("failed");
    const done = send(form.action, fields).then((said) => {
      const fresh = element(said.card);
      const there = find(`#${card.id}`);
      if (there === current) current = fresh;
      if (there.classList.contains("current")) fresh.classList.add("current");
      there.replaceWith(fresh);
      paint(fresh);
      counter(said.counter);
      find("#undo").disabled = false;
      if (!list.querySelector(".failed")) trouble("");
    }).catch((error) => {
      card.classList.remove("pending");
      card.classList.add("failed");
      trouble(`This decision was not recorded: ${error.message}.`);
      go(card);
    }).finally(() => pending.delete(done));
    pending.add(done);
    if (moveOn) next();
  };
  const undo = async () => {
    await Promise.allSettled(pending);
    try {
      const said = await send("/undo", {});
      counter(said.counter);
      trouble(said.text);
      find("#undo").disabled = !said.more;
      let first = null;
      for (const html of said.cards) {
        const fresh = element(html);
        const there = find(`#${fresh.id}`, list);
        if (there) {
          there.replaceWith(fresh);
          paint(fresh);
          first ??= fresh;
        }
      }
      if (first) go(first);
      else if (said.count === 1 && said.row !== null) location.assign(`/comment/${said.row}`);
    } catch (error) {
      trouble(`Nothing was undone: ${error.message}.`);
    }
  };

  // ---- Labels and highlighted words: confirmed, rejected, not judged. What is said of a word goes before
  // what is said of its label. ----
  const said = (group) => (group && find("input:checked", group)?.value) || "";
  const groups = (card, kind) => [...card.querySelectorAll(`fieldset.${kind}`)];
  const ofMark = (card, mark) => groups(card, "word").find((one) => one.dataset.at === mark.dataset.at);
  const markOf = (card, word) => [...card.querySelectorAll("mark")].find((one) => one.dataset.at === word.dataset.at);
  const paint = (card) => {
    for (const mark of card.querySelectorAll("mark")) {
      const label = groups(card, "label").find((one) => one.dataset.key && one.dataset.label === mark.dataset.label);
      const judged = said(ofMark(card, mark)) || said(label);
      mark.classList.toggle("confirmed", judged === "yes");
      mark.classList.toggle("rejected", judged === "no");
    }
  };
  const choose = (card, group, value) => {
    for (const input of group.querySelectorAll("input")) input.checked = input.value === value;
    const more = group.closest("details");
    if (more) more.open = true;
    paint(card);
  };
  const turned = { "": "yes", yes: "no", no: "" };
  const turn = (card, number) => {
    const group = groups(card, "label").find((one) => one.dataset.key === String(number));
    if (group) choose(card, group, turned[said(group)]);
  };
  const pick = (card, word) => {
    for (const mark of card.querySelectorAll("mark.picked")) mark.classList.remove("picked");
    word.closest("details").open = true;
    markOf(card, word)?.classList.add("picked");
    (find("input:checked", word) || find("input", word)).focus({ preventScroll: true });
  };
  const picked = (card) => groups(card, "word").find((one) => markOf(card, one)?.classList.contains("picked"));
  const nextWord = (card, by) => {
    const all = groups(card, "word");
    if (!all.length) return;
    const at = all.indexOf(picked(card));
    pick(card, all[at < 0 ? 0 : (at + by + all.length) % all.length]);
  };
  const sayOfWord = (card, value) => {
    if (!picked(card)) nextWord(card, 1);
    const word = picked(card);
    if (word) choose(card, word, said(word) === value ? "" : value);
  };

  // ---- What stands around a comment is asked for when it is opened. ----
  const show = async (details, open) => {
    if (!details) return;
    details.open = open;
    const box = find(".loaded", details);
    if (!open || details.dataset.done) return;
    details.dataset.done = "yes";
    try {
      const answer = await fetch(details.dataset.from);
      if (!answer.ok) throw new Error(String(answer.status));
      box.replaceChildren(element(await answer.text()));
    } catch {
      delete details.dataset.done;
    }
  };
  const unveil = (on) => {
    document.documentElement.classList.toggle("unveiled", on);
    find("#unveil").setAttribute("aria-pressed", String(on));
  };

  // ---- Events. ----
  list.addEventListener("click", (event) => {
    const card = event.target.closest(".card");
    const button = event.target.closest("button[name=decision]");
    if (!card) return;
    if (card !== current) go(card, false);
    const mark = event.target.closest("mark");
    const word = mark && ofMark(card, mark);
    // The first click on a word rejects it: that is what a reader stumbles over.
    if (word) choose(card, word, { "": "no", no: "yes", yes: "" }[said(word)]);
    if (!button) return;
    event.preventDefault();
    decide(card, button.value, page.view === "one");
  });
  list.addEventListener("submit", (event) => event.preventDefault());
  list.addEventListener("change", (event) => {
    const card = event.target.closest(".card");
    if (!card) return;
    if (event.target.matches("fieldset.label input")) paint(card);
    // What was decided is decided again with the corrected note; labels are sent with the next decision.
    if (event.target.closest(".note-field") && card.dataset.decision) decide(card, card.dataset.decision, false);
  });
  list.addEventListener("toggle", (event) => {
    if (event.target.matches(".context")) show(event.target, event.target.open);
  }, true);
  if (find("form.undo")) {
    find("form.undo").addEventListener("submit", (event) => {
      event.preventDefault();
      undo();
    });
  }
  find("#unveil").addEventListener("click", () => {
    const on = !document.documentElement.classList.contains("unveiled");
    unveil(on);
    try { localStorage.setItem("moderation:unveiled", on ? "yes" : "no"); } catch { /* it holds for this visit */ }
  });
  if (find("#help")) {
    find("#help").addEventListener("click", () => find("#keys").showModal());
    find("#close").addEventListener("click", () => find("#keys").close());
  }
  if (find("#more")) {
    find("#more").addEventListener("click", (event) => {
      event.preventDefault();
      onward();
    });
  }

  const commands = {
    j: () => step(1),
    k: () => step(-1),
    a: () => current && decide(current, "approve", true),
    r: () => current && decide(current, "remove", true),
    e: () => current && decide(current, "escalate", true),
    s: () => current && decide(current, "skip", true),
    u: undo,
    w: () => current && nextWord(current, 1),
    W: () => current && nextWord(current, -1),
    "+": () => current && sayOfWord(current, "yes"),
    "-": () => current && sayOfWord(current, "no"),
    n: () => current && find(".note-field input", current)?.focus(),
    c: () => {
      const details = current && find(".context", current);
      if (details) show(details, !details.open);
    },
    x: () => {
      const box = current && find(".reveal", current);
      if (box) box.checked = !box.checked;
    },
    "/": () => find("[name=search]")?.focus(),
    "?": () => find("#keys")?.showModal(),
  };
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches("input, select")) event.target.blur();
    // Enter in a field would press the first button of its form: to approve is not what it means.
    if (event.key === "Enter" && event.target.closest("form.decide input")) {
      event.preventDefault();
      event.target.blur();
    }
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || find("dialog[open]")) return;
    if (event.target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea")) return;
    const number = Number(event.key);
    if (number >= 1 && number <= 9 && current) turn(current, number);
    else if (Object.hasOwn(commands, event.key)) commands[event.key]();
    else return;
    event.preventDefault();
  });

  // ---- These comments are ours while the page is open; the server may hand them out again afterwards. ----
  const rows = () => cards().map((card) => card.dataset.row).join(" ");
  setInterval(() => { send("/keep", { rows: rows(), page: page.page }).catch(() => {}); }, 120000);
  addEventListener("pagehide", () => {
    navigator.sendBeacon("/release", new URLSearchParams({ csrf: page.csrf, rows: rows(), page: page.page }));
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  try { if (localStorage.getItem("moderation:unveiled") === "yes") unveil(true); } catch { /* nothing is kept */ }
  cards().forEach(paint);
  if (cards().length) go(find(location.hash.match(/^#c\d+$/) ? location.hash : ".nothing", list) || cards()[0]);
})();
