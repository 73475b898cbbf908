/* The KL-weight lab: everything a weight changes, following the finger.

   While the knob moves, all pictures are the multi-rate model's: its decoder runs on every frame, and its codes come from
   Family (family.js). Where the knob rests on a trained weight, that run's own network is fetched and takes its place.
   After networks.js, canvas.js, family.js and rd_plane.js. Data: see beta_lab.py. */

const SAMPLES = 36, PER_ROW = 6;
const COPIES = 10;
const BUDGET = 24; // ms a frame may spend on decoding; what does not fit is decoded in the next frame
const SNAP = 0.022; // in log10 beta: how near the finger has to come to a trained weight
const REST = 350; // ms without movement after which a weight counts as chosen
const KEY_STEP = 0.01;
const REACH = 4; // the cloud's picture spans -REACH to REACH
const labs = new Map(); // what a person set up survives reruns, by data.key

export default function (component) {
  const lab = mounted(component.parentElement, () => new BetaLab(component));
  lab.update(component.data, component.setStateValue);
  return () => lab.destroy();
}

class BetaLab {
  constructor({ parentElement }) {
    this.root = parentElement.querySelector(".lab");
    this.find = (selector) => this.root.querySelector(selector);
    this.redraw = everyFrame(() => this.draw());
    this.slide = this.find(".slide");
    this.slide.oninput = () => this.move(Number(this.slide.value), SNAP);
    this.slide.onchange = () => this.settle();
    this.slide.onkeydown = (event) => this.key(event);
    this.find(".again").onclick = () => this.noise(this.state.seed + 1);
    this.plane = new Plane(this.find(".plane canvas"), (beta) => (this.move(Math.log10(beta), 0), this.settle()));
    this.plane.canvas.onkeydown = (event) => this.key(event);
    this.plane.redraw = this.redraw;
    this.stopLooking = onLook(this.root, () => this.redraw());
    this.drawn = { tiles: 0, frames: 0, complete: 0 };
  }

  /* ---- data ---- */

  async update(data, setStateValue) {
    this.setStateValue = setStateValue;
    const same = labs.get(data.key);
    this.state = same ?? { t: Math.log10(data.beta), asked: data.beta, seed: 0, off: new Set(), real: true, resting: true };
    labs.set(data.key, this.state);
    if (data.beta !== this.state.asked && data.beta !== this.state.told) this.state.t = Math.log10(data.beta); // the page asks for another weight
    this.state.asked = data.beta;
    this.data = data;
    this.trained = [...data.trained].sort((a, b) => a.beta - b.beta);
    const problem = this.find(".problem");
    try {
      const [network, sprite, arrays] = await Promise.all([loadNetwork(data.weights), loadSprite(data.sprite), loadArrays(data.arrays)]);
      if (this.data !== data) return; // a newer update has overtaken this one
      if (this.network !== network) {
        this.family?.stop();
        this.network = network;
        this.images = new Float32Array(data.n * PIXELS);
        for (let i = 0; i < data.n; i++) this.images.set(sprite.image(i), i * PIXELS);
        this.labels = arrays.labels;
        this.copied = firstOfEach(this.labels, COPIES);
        this.families = new Map();
        this.family = this.familyOf(network);
        this.dims = byRate(data.curve.map(({ rate_per_dim }) => rate_per_dim));
        this.noise(this.state.seed);
      }
      problem.hidden = true;
    } catch (error) {
      problem.textContent = `The multi-rate model could not be loaded (${error.message}). Reload the page.`;
      problem.hidden = false;
      return;
    }
    this.layTicks();
    this.rest();
    this.redraw();
    this.root.dataset.ready = "1";
  }

  familyOf(network) {
    if (!this.families.has(network)) {
      const family = new Family(network, this.images, this.data.n, () => {
        this.root.dataset.nodes = family.nodes.filter(({ codes }) => codes).length;
        this.version++;
        this.redraw();
      });
      this.families.set(network, family);
      family.fill(this.beta);
    }
    return this.families.get(network);
  }

  noise(seed) {
    this.state.seed = seed;
    const next = normals(seed);
    this.normal = Float32Array.from({ length: SAMPLES * this.network.latentDim }, next);
    this.version++;
    this.redraw();
  }

  /* ---- the knob ---- */

  version = 0; // of what the pictures should show

  get beta() {
    const beta = 10 ** this.state.t;
    const hit = this.trained.find((run) => Math.abs(run.beta / beta - 1) < 1e-6);
    return hit ? hit.beta : Number(beta.toPrecision(3));
  }

  /** The trained run at the weight shown. */
  get run() {
    return this.trained.find(({ beta }) => beta === this.beta);
  }

  move(t, snap) {
    const near = this.trained.find(({ beta }) => Math.abs(Math.log10(beta) - t) < snap);
    this.state.t = near ? Math.log10(near.beta) : Math.min(1, Math.max(-1, t));
    this.state.resting = false;
    this.real = null;
    this.version++;
    this.redraw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), 4 * REST); // a finger that stays down without moving has chosen too
  }

  key(event) {
    const step = event.shiftKey ? 5 * KEY_STEP : KEY_STEP;
    const jump = (way) => {
      const ts = this.trained.map(({ beta }) => Math.log10(beta)).filter((t) => way * (t - this.state.t) > 1e-6);
      return ts.length ? (way > 0 ? Math.min(...ts) : Math.max(...ts)) : this.state.t;
    };
    const to = {
      ArrowRight: () => this.state.t + step, ArrowUp: () => this.state.t + step, ArrowLeft: () => this.state.t - step, ArrowDown: () => this.state.t - step,
      PageUp: () => jump(1), PageDown: () => jump(-1), Home: () => -1, End: () => 1,
    }[event.key];
    if (!to) return;
    event.preventDefault();
    this.move(to(), 0.4 * KEY_STEP);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), REST);
  }

  /** The knob has come to rest: show the trained run, if there is one, and tell the page. */
  settle() {
    clearTimeout(this.timer);
    this.state.resting = true;
    const { beta } = this;
    if (beta !== this.state.told && beta !== this.data.beta) this.setStateValue("beta", beta);
    this.state.told = beta;
    this.rest();
    this.redraw();
  }

  /** At rest on a trained weight: fetch that run's network and let it take over. */
  async rest() {
    const { run } = this;
    this.real = null;
    this.version++;
    if (!run || !run.weights || !this.state.real || !this.state.resting) return this.redraw();
    this.fetching = run;
    this.redraw();
    try {
      const network = await loadNetwork(run.weights);
      if (this.run !== run || !this.state.resting || !this.state.real) return;
      if (network.latentDim !== this.network.latentDim) throw new Error("another latent size");
      this.real = { run, network, family: this.familyOf(network), dims: byRate([run.rate_per_dim]) };
      this.version++;
    } catch (error) {
      this.failed = `${run.run_id} could not be loaded (${error.message}); shown is the prediction.`;
    } finally {
      if (this.fetching === run) this.fetching = null;
      this.redraw();
    }
  }

  /* ---- pictures ---- */

  /** Codes of all tiles: samples first, then copies; units that are switched off sit at the prior's mean, 0. */
  tileCodes(codes) {
    const d = this.network.latentDim, count = SAMPLES + this.copied.length;
    this.z ??= new Float32Array(count * d);
    this.z.set(this.normal);
    this.copied.forEach((image, i) => {
      for (let j = 0; j < d; j++) this.z[(SAMPLES + i) * d + j] = codes ? codes.mean[image * d + j] : 0;
    });
    for (const j of this.state.off) for (let i = 0; i < count; i++) this.z[i * d + j] = 0;
    return this.z;
  }

  /** Decode tiles that are not up to date until the frame's time is used; true when all are. */
  decode(network, z) {
    const count = SAMPLES + this.copied.length, d = network.latentDim;
    if (!this.tiles || this.tiles.length !== count * PIXELS) {
      this.tiles = new Float32Array(count * PIXELS);
      this.current = new Int32Array(count).fill(-1);
      this.nextTile = 0;
    }
    const began = performance.now();
    for (let done = 0; done < count; ) {
      const start = this.nextTile, n = Math.min(CHUNK, count - start);
      if (this.current[start] !== this.version || this.current[start + n - 1] !== this.version) {
        this.tiles.set(network.decodeImage(z.subarray(start * d, (start + n) * d), n, this.beta), start * PIXELS);
        this.current.fill(this.version, start, start + n);
      }
      this.nextTile = (start + n) % count;
      done += n;
      if (performance.now() - began > BUDGET) break;
    }
    return this.current.every((version) => version === this.version);
  }

  draw() {
    if (!this.network || !this.root.isConnected) return;
    const began = performance.now();
    const { data, real, beta } = this, look = theme(this.root);
    const own = look.dark ? data.color_dark : data.color, ae = look.dark ? data.ae_color_dark : data.ae_color;
    this.root.style.setProperty("--own", own);
    this.root.style.setProperty("--ae", ae);
    const network = real?.network ?? this.network, codes = (real?.family ?? this.family).codes(beta);
    const z = this.tileCodes(codes);
    if (codes && this.hadCodes !== codes) (this.hadCodes = codes), (this.nextTile = 0);
    const complete = this.decode(network, z);
    this.drawTiles();
    const dims = real?.dims ?? this.dims;
    const rates = codes ? meanRates(codes, data.n, network.latentDim) : null;
    this.drawCloud(codes, dims, look);
    this.drawBars(rates, dims);
    const at = real ? { ...real.run } : curveAt(data.curve, this.state.t);
    const label = short(beta);
    this.plane.draw({ curve: data.curve, trained: this.trained, ae: data.ae_distortion, at: { ...at, beta }, own, aeColor: ae, look, label });
    this.words(at, label, rates);
    this.drawn.frames++;
    if (complete) this.drawn.complete++;
    else this.redraw();
    Object.assign(this.root.dataset, { beta: label, complete: this.drawn.complete, frame: (performance.now() - began).toFixed(1), shows: real ? real.run.run_id : "prediction", settled: complete && (real?.family ?? this.family).ready ? "1" : "" });
  }

  drawTiles() {
    const rows = SAMPLES / PER_ROW;
    paintGrid(this.find(".samples canvas"), PER_ROW, rows, (i) => [this.tiles, i]);
    const n = this.copied.length;
    paintGrid(this.find(".copies canvas"), n, 2, (i) => (i < n ? [this.images, this.copied[i]] : [this.tiles, SAMPLES + i - n]));
  }

  drawCloud(codes, dims, look) {
    const canvas = this.find(".cloud canvas"), size = Math.min(canvas.clientWidth, 380);
    if (!size) return;
    const context = prepare(canvas, canvas.clientWidth, size), unit = size / (2 * REACH), cx = canvas.clientWidth / 2, cy = size / 2;
    context.lineWidth = 1;
    context.strokeStyle = look.faint;
    for (const r of [1, 2, 3]) {
      context.beginPath();
      context.arc(cx, cy, r * unit, 0, 2 * Math.PI);
      context.stroke();
    }
    if (!codes) return;
    const d = this.network.latentDim, [a, b] = d > 1 ? dims : [dims[0], dims[0]];
    for (let i = 0; i < this.data.n; i++) {
      const x = cx + codes.mean[i * d + a] * unit, y = cy - codes.mean[i * d + b] * unit;
      context.fillStyle = this.data.class_colors[this.labels[i] % this.data.class_colors.length];
      context.globalAlpha = 0.1;
      context.beginPath();
      context.ellipse(x, y, Math.exp(0.5 * codes.logvar[i * d + a]) * unit, Math.exp(0.5 * codes.logvar[i * d + b]) * unit, 0, 0, 2 * Math.PI);
      context.fill();
      context.globalAlpha = 0.9;
      context.fillRect(x - 1.5, y - 1.5, 3, 3);
    }
    context.globalAlpha = 1;
    Object.assign(context, { fillStyle: look.muted, font: `12px ${look.font}`, textAlign: "right" });
    context.fillText(`z${subscript(a)}`, canvas.clientWidth - 4, cy - 4);
    context.textAlign = "left";
    context.fillText(`z${subscript(b)}`, cx + 4, 12);
  }

  drawBars(rates, dims) {
    const box = this.find(".bars");
    if (box.childElementCount !== dims.length) {
      box.replaceChildren(...dims.map(() => make("button", { onclick: (event) => this.toggle(Number(event.currentTarget.dataset.unit)) },
        make("span", { class: "column" }, make("i")), make("small"))));
    }
    if (!rates) return;
    const most = Math.max(...this.data.curve[0].rate_per_dim, ...rates, 0.5);
    dims.forEach((j, place) => {
      const button = box.children[place];
      button.dataset.unit = j;
      button.querySelector("i").style.height = `${(100 * rates[j]) / most}%`;
      button.className = rates[j] > this.data.active ? "" : "asleep";
      button.setAttribute("aria-pressed", this.state.off.has(j));
      button.title = `z${subscript(j)}: ${rates[j].toFixed(2)} nats${rates[j] > this.data.active ? "" : ", asleep"}; press to switch it ${this.state.off.has(j) ? "on" : "off"}`;
      button.setAttribute("aria-label", button.title);
      button.querySelector("small").textContent = `z${subscript(j)}`;
    });
  }

  toggle(unit) {
    const { off } = this.state;
    off.has(unit) ? off.delete(unit) : off.add(unit);
    this.version++;
    this.redraw();
  }

  /** How much the copies change when the units that are off are on: root mean square over pixels, grey levels of [0, 1]. */
  effect(network, codes) {
    const d = network.latentDim, n = this.copied.length, on = new Float32Array(n * d);
    this.copied.forEach((image, i) => on.set(codes.mean.subarray(image * d, (image + 1) * d), i * d));
    const with_ = network.decodeImage(on, n, this.beta).slice();
    for (const j of this.state.off) for (let i = 0; i < n; i++) on[i * d + j] = 0;
    const without = network.decodeImage(on, n, this.beta);
    let sum = 0;
    for (let i = 0; i < n * PIXELS; i++) sum += (with_[i] - without[i]) ** 2;
    return Math.sqrt(sum / (n * PIXELS));
  }

  /* ---- words ---- */

  words(at, label, rates) {
    const { data, real, run, state } = this, network = real?.network ?? this.network;
    this.slide.value = state.t;
    this.slide.setAttribute("aria-label", "KL weight beta, logarithmic. Arrow keys move it, Page Up and Page Down go to trained weights.");
    this.slide.setAttribute("aria-valuetext", `beta ${label}${run ? ", a trained weight" : ""}`);
    this.find(".beta").textContent = `β = ${label}`;
    const whose = this.find(".whose");
    const toggle = run?.weights ? make("button", { onclick: () => ((state.real = !state.real), this.rest()) }, state.real ? "show the prediction" : "show the trained model") : "";
    const text = real ? `Trained at β = ${label}: the real thing, ${run.run_id}. ` : this.fetching ? `Fetching the model trained at β = ${label}… ` : this.failed && run ? this.failed : `Prediction of the multi-rate model${run ? ` (there is a model trained at β = ${label}) ` : ": no model of its own at this β yet"}`;
    if (whose.dataset.text !== text) {
      whose.dataset.text = text;
      whose.className = real ? "whose real" : "whose";
      whose.replaceChildren(text, toggle);
    }
    const asleep = network.latentDim - at.active_units;
    const figures = { "Distortion D": at.distortion.toFixed(1), "Rate R": at.rate.toFixed(1), "−ELBO = D + R": (at.distortion + at.rate).toFixed(1), "D + βR": (at.distortion + this.beta * at.rate).toFixed(1), "Active units": `${at.active_units} of ${network.latentDim}` };
    const list = this.find(".figures");
    if (!list.childElementCount) list.append(...Object.keys(figures).map((name) => make("div", {}, make("dt", {}, name), make("dd"))));
    Object.values(figures).forEach((value, i) => (list.children[i].lastChild.textContent = value));
    const say = (selector, words) => {
      const element = this.find(selector);
      if (element.textContent !== words) element.textContent = words;
    };
    say(".samples h4", "Samples from the same noise");
    say(".samples .muted", "z ~ N(0, I), held while β moves");
    say(".cloud h4", `Clouds of ${data.n} test images`);
    say(".cloud p", "The two units that stay awake longest: dot = mean, disc = σ, rings = the prior's 1, 2, 3 σ.");
    say(".copies h4", "Unseen images, and what comes back from the mean of their cloud");
    say(".copies p", real ? "Decoded by the trained network, in this page." : `Decoded by the multi-rate network ${data.run_id}, in this page.`);
    say(".plane h4", "Rate against distortion");
    say(".plane p", `Dashed: multi-rate model. Dots: ${this.trained.length} trained models. A dot can be pressed.`);
    say(".units h4", `What each latent unit costs${asleep ? `: ${asleep} of ${network.latentDim} asleep` : ""}`);
    this.find(".plane canvas").setAttribute("aria-label", `Rate-distortion plane. At beta ${label}: rate ${at.rate.toFixed(1)}, distortion ${at.distortion.toFixed(1)} nats. ${this.trained.map((r) => `beta ${short(r.beta)}: rate ${r.rate.toFixed(1)}, distortion ${r.distortion.toFixed(1)}`).join("; ")}.`);
    this.find(".samples canvas").setAttribute("aria-label", `${SAMPLES} samples at beta ${label}`);
    this.find(".cloud canvas").setAttribute("aria-label", `Posterior means and widths of ${data.n} test images in two latent units at beta ${label}`);
    this.find(".copies canvas").setAttribute("aria-label", `${this.copied.length} test images above, their reconstructions at beta ${label} below`);
    let remark = `Height: nats an image, over these ${data.n}. Dashed: asleep, under ${data.active} nats. Press a unit to switch it off.`;
    if (state.off.size && rates) {
      const codes = (real?.family ?? this.family).codes(this.beta);
      const names = [...state.off].map((j) => `z${subscript(j)} (${rates[j].toFixed(2)} nats)`).join(", ");
      remark = `Off, set to the prior's mean 0: ${names}. The copies change by ${this.effect(network, codes).toFixed(4)} grey levels (root mean square, of a range of 1).`;
    }
    say(".units p", remark);
    this.find(".ticks").childNodes.forEach((tick) => tick.setAttribute("aria-current", Number(tick.dataset.beta) === this.beta));
  }

  layTicks() {
    this.find(".ticks").replaceChildren(
      ...this.trained.filter(({ beta }) => beta >= 0.1 && beta <= 10).map(({ beta }) =>
        make("button", { "data-beta": beta, tabindex: -1, title: `trained at β = ${short(beta)}`, style: `left:${50 * (Math.log10(beta) + 1)}%`, onclick: () => (this.move(Math.log10(beta), 0), this.settle()) }, short(beta)),
      ),
    );
  }

  destroy() {
    clearTimeout(this.timer);
    this.families?.forEach((family) => family.stop());
    this.stopLooking();
    this.redraw.cancel();
  }
}

/* ---- numbers ---- */

/** Mean KL of each unit over n images, nats. */
function meanRates({ mean, logvar }, n, d) {
  const rates = new Float64Array(d);
  for (let i = 0; i < n; i++)
    for (let j = 0, k = i * d; j < d; j++, k++) rates[j] += 0.5 * (mean[k] * mean[k] + Math.exp(logvar[k]) - 1 - logvar[k]);
  return rates.map((sum) => sum / n);
}

/** Units by their rate summed over several weights, the one that stays awake longest first. */
function byRate(perDims) {
  const total = perDims[0].map((_, j) => perDims.reduce((sum, rates) => sum + Math.min(rates[j], 1), 0) + 1e-3 * perDims[perDims.length - 1][j]);
  return total.map((_, j) => j).sort((a, b) => total[b] - total[a]);
}

/** The measured curve between its weights: cubic in log beta through the four nearest (Catmull-Rom). */
function curveAt(curve, t) {
  const ts = curve.map(({ beta }) => Math.log10(beta)), last = curve.length - 1;
  let i = 0;
  while (i < last - 1 && ts[i + 1] < t) i++;
  const u = Math.min(1, Math.max(0, (t - ts[i]) / (ts[i + 1] - ts[i])));
  const value = (key) => {
    const y = (k) => curve[Math.min(last, Math.max(0, k))][key], x = (k) => ts[Math.min(last, Math.max(0, k))];
    const h = ts[i + 1] - ts[i];
    const slope = (k) => (x(k + 1) === x(k - 1) ? 0 : ((y(k + 1) - y(k - 1)) / (x(k + 1) - x(k - 1))) * h);
    const [p, q, m, n] = [y(i), y(i + 1), slope(i), slope(i + 1)];
    return (2 * u ** 3 - 3 * u ** 2 + 1) * p + (u ** 3 - 2 * u ** 2 + u) * m + (3 * u ** 2 - 2 * u ** 3) * q + (u ** 3 - u ** 2) * n;
  };
  return { rate: Math.max(0, value("rate")), distortion: value("distortion"), active_units: curve[u < 0.5 ? i : i + 1].active_units };
}

/** The first image of each class, at most `most`. */
function firstOfEach(labels, most) {
  const first = new Map();
  labels.forEach((label, i) => first.has(label) || first.set(label, i));
  return [...first.keys()].sort((a, b) => a - b).slice(0, most).map((label) => first.get(label));
}

/** Tiles of 28x28 with a pixel between them; `tile(i)` gives [array, index of the image in it]. */
function paintGrid(canvas, columns, rows, tile) {
  const pitch = SIDE + 1, width = columns * pitch - 1, height = rows * pitch - 1;
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height, pixels: null });
    canvas.style.aspectRatio = `${width} / ${height}`;
  }
  const context = canvas.getContext("2d"), pixels = (canvas.pixels ??= context.createImageData(width, height));
  const words = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < columns * rows; i++) {
    const [array, index] = tile(i);
    let from = index * PIXELS, to = Math.floor(i / columns) * pitch * width + (i % columns) * pitch;
    for (let y = 0; y < SIDE; y++, to += width)
      for (let x = 0; x < SIDE; x++) words[to + x] = greyWord(array[from++]);
  }
  context.putImageData(pixels, 0, 0);
}

/** A grey level of [0, 1] as an opaque pixel. */
function greyWord(level) {
  return 0xff000000 | (Math.round(level * 255) * 0x010101);
}

function subscript(number) {
  return String(number).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
}
