/* A frame of the KL-weight lab: pictures, clouds, the rate-distortion plane, bars, figures and words, from what the lab
   knows. What needs no network is drawn before the networks are there. */

import { theme } from "../../web/look.js";
import { short } from "../../web/measures.js";
import { byRate, curveAt, drawBars, drawClouds, drawTicks } from "./lab_views.js";
import { describe } from "./lab_words.js";
import { ticksOf } from "./trained_weights.js";

/** @import { CurvePoint, Figures } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @import { InterpolatedCodes } from "../../web/code_interpolator.js" */
/** @import { BetaLab } from "./beta_lab.js" */
/** @import { Source } from "./sources.js" */

export class LabDrawing {
  /** How often all pictures have been up to date. */
  complete = 0;
  /** Whether clouds have been drawn. */
  clouded = false;
  /** Whether this frame leaves the clouds out. */
  turn = false;
  /** The width that the ticks were laid out for. */
  ticked = 0;
  colored = "";

  /** @param {BetaLab} lab */
  constructor(lab) {
    this.lab = lab;
  }

  draw() {
    const { lab } = this,
      { knob, pictures, sources } = lab,
      { shown, real } = sources;
    if (!shown || !lab.root.isConnected) return;
    const began = performance.now();
    const look = theme(lab.root);
    // Sizes are read before anything is written: in between, each reading would make the browser lay out the page
    // again.
    if (this.ticked !== lab.root.clientWidth) this.layTicks();
    const { beta } = knob,
      codes = shown.interpolator.codes(beta),
      complete = pictures.decode(shown, codes, beta, lab.state.off),
      preview = lab.training && lab.preview;
    pictures.draw(lab.find(".samples canvas"), lab.find(".copies canvas"), preview, lab.state.seed);
    const figures = lab.figures(),
      at = real?.run ?? figures.predicted;
    if (!at) return;
    const waits = this.clouds(shown, codes, look);
    this.drawRates({ ...at, beta: real ? real.run.beta : beta }, shown.dims, knob.resting, look);
    this.describe(at, figures, codes);
    if (complete) {
      this.complete++;
      sources.drawn();
    }
    if (!complete || waits) lab.redraw();
    Object.assign(lab.root.dataset, {
      beta: short(beta, 4),
      complete: this.complete,
      frame: (performance.now() - began).toFixed(1),
      shows: real ? real.run.run_id : "prediction",
      live: preview && lab.training ? lab.training.epoch : "",
      settled: complete && !waits && shown.interpolator.ready ? "1" : "",
    });
  }

  /**
   * What needs no network, drawn while the networks are on their way: the knob, the curve with its point, the units'
   * rates.
   */
  sketch() {
    const { data, curve, knob, root, find } = this.lab,
      { run, beta } = knob,
      at = run ?? (curve.length ? { ...curveAt(curve, knob.t, data.active), beta } : knob.trained[0]);
    const dims = byRate(run || !curve.length ? [at.rate_per_dim] : curve.map(({ rate_per_dim }) => rate_per_dim));
    this.drawRates(at, dims, true, theme(root), []);
    this.layTicks();
    find(".slide").value = knob.t;
    find(".beta").textContent = `β = ${short(beta, 4)}`;
  }

  /**
   * The rate-distortion plane and the units' bars.
   * @param {CurvePoint} at @param {number[]} dims units in their order @param {boolean} resting @param {Look} look
   * @param {Figures[]} path of the network in training
   */
  drawRates(at, dims, resting, look, path = this.lab.training?.path ?? []) {
    const { data, curve, knob, plane, state, find } = this.lab,
      { own, ae } = this.colors(look);
    plane.draw({ curve, trained: knob.trained, ae: data.ae_distortion, at, path, own, aeColor: ae, look });
    const rates = at.rate_per_dim,
      most = Math.max(...(curve[0] ?? at).rate_per_dim, ...rates, 0.5);
    drawBars(find(".bars"), rates, dims, data.active, most, state.off, resting, (unit) => this.lab.toggle(unit));
  }

  /**
   * The clouds, which cost most: in every other frame while the knob moves, and not before there are
   * codes; else the last ones stay. True if the next frame has to draw them.
   * @param {Source} shown @param {InterpolatedCodes | null} codes @param {Look} look
   */
  clouds(shown, codes, look) {
    const { knob, data, labels, find } = this.lab;
    const waits = !knob.resting && this.clouded && (this.turn = !this.turn);
    if (!waits && (codes || !this.clouded)) drawClouds(find(".cloud canvas"), codes, shown.dims, data, labels, look);
    this.clouded ||= Boolean(codes);
    return waits;
  }

  /** @param {Figures} at @param {ReturnType<BetaLab["figures"]>} figures @param {InterpolatedCodes | null} codes */
  describe(at, figures, codes) {
    const { data, knob, state, training, find, sources, pictures, preview } = this.lab,
      { base, real, shown, failed } = sources,
      { beta } = knob;
    find(".slide").value = knob.t;
    const situation = {
      data,
      beta,
      label: short(beta, 4),
      predicts: Boolean(base),
      trained: knob.trained,
      real: real && real.run,
      run: knob.run,
      training,
      live: Boolean(preview),
      resting: knob.resting,
      wantsReal: state.real,
      failed,
      at,
      figures,
      images: pictures.copied.length,
      off: state.off,
      effect: shown && codes && state.off.size ? pictures.effect(shown, codes, beta, state.off) : null,
    };
    describe(find, situation, () => this.lab.switchSource());
  }

  /**
   * The models' colours on the page as it is now; the style sheet uses them too.
   * @param {Look} look
   */
  colors(look) {
    const { data, root } = this.lab,
      own = look.dark ? data.color_dark : data.color,
      ae = look.dark ? data.ae_color_dark : data.ae_color;
    if (this.colored !== own + ae) {
      this.colored = own + ae;
      root.style.setProperty("--own", own);
      root.style.setProperty("--ae", ae);
    }
    return { own, ae };
  }

  /** A button under the track for every trained weight. */
  layTicks() {
    const { root, knob, find } = this.lab;
    this.ticked = root.clientWidth;
    drawTicks(find(".ticks"), ticksOf(knob.trained, this.ticked), (beta) => knob.go(beta));
  }
}
