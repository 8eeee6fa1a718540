// Keeps a page true: takes the live picture from the stream, or asks for it now and then while there is no stream.

const POLL_MS = 4000;
const REOPEN_MS = 15000;
const REDRAW_MS = 2000;

const root = document.querySelector("[data-live-stream]");
const light = document.querySelector("[data-light]");
const numbers = new Intl.NumberFormat(document.documentElement.lang);
let calls = [];
let skew = 0;
let isDrawn = false;
let polling = 0;
let reloading = 0;

function setLight(kind) {
  if (!light || light.dataset.state === kind) return;
  light.dataset.state = kind;
  light.querySelector("[data-light-text]").textContent = light.dataset[kind];
}

function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function percent(part, whole) {
  return `${whole ? (100 * part) / whole : 0}%`;
}

function drawBar(box, c) {
  const bar = box.querySelector("[data-bar]");
  if (!bar) return;
  let from = 0;
  for (const part of ["concluded", "blocked", "dialing", "retry"]) {
    const rect = bar.querySelector(`[data-part="${part}"]`);
    rect.setAttribute("x", percent(from, c.contacts));
    rect.setAttribute("width", percent(c[part], c.contacts));
    from += c[part];
  }
}

function drawOutcomes(counts) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (const group of document.querySelectorAll("[data-outcomes] [data-group]")) {
    let inGroup = 0;
    for (const row of group.querySelectorAll("[data-disposition]")) {
      const count = counts[row.dataset.disposition] ?? 0;
      inGroup += count;
      row.hidden = count === 0;
      setText(row.querySelector("[data-outcome-count]"), numbers.format(count));
      row.querySelector("[data-outcome-bar]").setAttribute("width", percent(count, all));
    }
    group.hidden = inGroup === 0;
    setText(group.querySelector("[data-group-count]"), numbers.format(inGroup));
  }
  const none = document.querySelector("[data-no-outcomes]");
  if (none) none.hidden = all > 0;
}

function drawCampaign(box, c) {
  for (const [name, value] of Object.entries({ ...c, done: c.concluded + c.blocked })) {
    if (typeof value === "number") setText(box.querySelector(`[data-count="${name}"]`), numbers.format(value));
  }
  drawBar(box, c);
}

function age(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function drawCalls() {
  const table = document.querySelector("[data-calls]");
  if (!table) return;
  const only = table.dataset.only;
  const shown = calls.filter((call) => !only || String(call.campaign_id) === only);
  const body = table.tBodies[0];
  while (body.rows.length > shown.length) body.deleteRow(-1);
  shown.forEach((call, index) => {
    const row = body.rows[index] ?? body.insertRow();
    const state = call.answered ? table.dataset.talking : call.since ? table.dataset.ringing : table.dataset.reserved;
    const cells = [call.phone, call.name, ...(only ? [] : [call.campaign]), state,
      call.since ? age(Date.now() / 1000 - skew - call.since) : "", call.digits];
    cells.forEach((text, column) => {
      const cell = row.cells[column] ?? row.insertCell();
      setText(cell, text);
      if (column === 0) cell.className = "phone";
      if (column === cells.length - 2) cell.className = "num";
    });
    row.classList.toggle("talking", call.answered);
  });
  const none = document.querySelector("[data-no-calls]");
  if (none) none.hidden = shown.length > 0;
  table.hidden = shown.length === 0;
  setText(document.querySelector("[data-calls-count]"), numbers.format(shown.length));
}

function redraw() {
  // The server draws buttons and notes; never more often than every other second, nor while somebody fills a field in.
  if (document.activeElement?.matches("input, select, textarea")) return;
  if (!reloading) reloading = setTimeout(() => location.reload(), Math.max(0, REDRAW_MS - performance.now()));
}

function draw(state) {
  if (state.away) {
    setLight("away");
    return;
  }
  setLight(state.live ? "live" : "slow");
  skew = Date.now() / 1000 - state.now;
  const known = new Set();
  for (const box of document.querySelectorAll("[data-campaign][data-state]")) {
    const c = state.campaigns[box.dataset.campaign];
    known.add(box.dataset.campaign);
    // The buttons and the notes of a page belong to the state it was drawn in.
    if (c && c.state !== box.dataset.state) return redraw();
    if (c) drawCampaign(box, c);
    else if (box.dataset.state === "active") return redraw();
    if (c && known.size === 1 && document.querySelector("[data-outcomes]")) drawOutcomes(c.by_disposition);
  }
  const isList = "reloadWhenCampaignsChange" in root.dataset;
  if (isList && Object.keys(state.campaigns).some((id) => !known.has(id))) return redraw();
  for (const box of document.querySelectorAll("[data-gateway-health]")) {
    const health = state.gateways[box.dataset.gatewayHealth] ?? { kind: "full" };
    if (health.kind !== box.dataset.kind) return redraw();
    setText(box.querySelector("[data-share]"), numbers.format(health.percent));
  }
  calls = state.calls;
  isDrawn = true;
  drawCalls();
}

async function poll() {
  try {
    const answer = await fetch(root.dataset.liveState, { headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected) return setLight("away");
    const state = await answer.json();
    if (polling) draw(state); // else the stream is back and knows better
  } catch {
    setLight("away");
  }
}

function open() {
  const stream = new EventSource(root.dataset.liveStream);
  stream.addEventListener("state", (event) => {
    clearInterval(polling);
    polling = 0;
    draw(JSON.parse(event.data));
  });
  stream.addEventListener("error", () => {
    if (!polling) polling = setInterval(poll, POLL_MS);
    if (stream.readyState === EventSource.CLOSED) {
      // The browser gave up (all streams taken, or signed out): ask now and then, and try again later.
      poll();
      setTimeout(() => {
        clearInterval(polling);
        polling = 0;
        open();
      }, REOPEN_MS);
    }
  });
  addEventListener("pagehide", () => stream.close(), { once: true });
}

if (root) {
  drawCallsOnce();
  open();
  setInterval(() => isDrawn && drawCalls(), 1000);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

function drawCallsOnce() {
  const table = document.querySelector("[data-calls]");
  if (table) table.hidden = table.tBodies[0].rows.length === 0;
}
