/* Data-parallel training: one training by several equal workers. Each has all the weights and a part of every batch:

     gradients of its part  ->  those of each other worker's share of the parameters, to that worker
     sum over the workers   ->  the optimisers' step for its own share  ->  its new weights, to all others

   The loss is a mean over a batch, so its gradient is the sum of the parts'. All sums are taken in the order of the
   workers, and every worker draws the random numbers of the whole batch: the same number of workers gives the same
   bits, another number the same weights but for rounding. A step waits for all others twice, which keeps them
   together without further messages, also while the first one, which exchanges messages with the page, is stopped.

   Numbers travel as transferred arrays through channels: memory that several workers share would ask for a page that
   is isolated from other origins, which a page of Streamlit in another page's frame cannot be. */

import { sharesOf } from "./shares.js";

/** @import { Figures, Progress, Sums, Trainer } from "./trainer.js" */
/** @import { Terms } from "./network.js" */
/** @typedef {{terms: Terms, numbers: Float32Array<ArrayBuffer>}} Part of a step, from one worker to another */
/**
 * The place of a worker among all, and its channels to the others in their order.
 * @typedef {{index: number, ports: MessagePort[]}} Place
 */

/** @type {Place} */
export const ALONE = { index: 0, ports: [] };

/** A channel whose messages are asked for one after another. */
class Channel {
  /** @param {MessagePort} port */
  constructor(port) {
    this.port = port;
    /** @type {any[]} */
    this.arrived = [];
    /** @type {((data: any) => void) | null} */
    this.waiting = null;
    port.onmessage = ({ data }) => {
      if (!this.waiting) return void this.arrived.push(data);
      const receive = this.waiting;
      this.waiting = null;
      receive(data);
    };
  }

  /** @returns {Promise<any>} */
  next() {
    return new Promise((done) => {
      if (this.arrived.length) done(this.arrived.shift());
      else this.waiting = done;
    });
  }
}

export class DataParallel {
  /** @param {Trainer} trainer that of this worker, made for its place @param {Place} place */
  constructor(trainer, { index, ports }) {
    this.trainer = trainer;
    this.index = index;
    const { parameters } = trainer.network,
      shares = sharesOf(parameters, ports.length + 1);
    this.share = shares[index];
    this.others = ports.map((port, i) => {
      const share = shares[i < index ? i : i + 1];
      return { channel: new Channel(port), share, numbers: new Float32Array(share.length) };
    });
  }

  /**
   * One batch.
   * @returns {Promise<Progress>}
   */
  async step() {
    const { trainer, others, share } = this,
      { weights, gradients } = trainer.network.parameters,
      own = trainer.differentiate();
    for (const other of others) this.send(other, own, gradients, other.share);
    const parts = await this.received();
    for (const { numbers } of parts) this.unpack(numbers, gradients, share, true);
    const terms = this.inOrder(
      own,
      parts.map((part) => part.terms),
    ).reduce((sum, { loss, distortion, rate }) => ({
      ...{ loss: sum.loss + loss, distortion: sum.distortion + distortion, rate: sum.rate + rate },
    }));
    trainer.move(terms, share);
    others.forEach((other, i) => {
      other.numbers = parts[i].numbers; // as long as this worker's share
      this.send(other, terms, weights, share);
    });
    (await this.received()).forEach(({ numbers }, i) => {
      this.unpack(numbers, weights, others[i].share, false);
      others[i].numbers = numbers;
    });
    return trainer.moved(terms);
  }

  /**
   * Figures on the test images, each worker measuring a part of them; null for all but the first, which sends
   * them to the page.
   * @returns {Promise<Figures | null>}
   */
  async evaluate() {
    const { trainer, others, index } = this,
      own = trainer.measure();
    if (index) {
      others[0].channel.port.postMessage(own);
      return null;
    }
    return trainer.figures([own, .../** @type {Sums[]} */ (await this.received())]);
  }

  /** What each of the others sends next. @returns {Promise<any[]>} */
  received() {
    return Promise.all(this.others.map(({ channel }) => channel.next()));
  }

  /** @template T @param {T} own @param {T[]} others' @returns {T[]} */
  inOrder(own, others) {
    return [...others.slice(0, this.index), own, ...others.slice(this.index)];
  }

  /**
   * @param {DataParallel["others"][number]} other @param {Terms} terms @param {number} stretch of the parameters
   * @param {import("./shares.js").Share} share what of it
   */
  send({ channel, numbers }, terms, stretch, { ranges }) {
    const { floats } = this.trainer.network.heap;
    let to = 0;
    for (const [from, end] of ranges) {
      numbers.set(floats.subarray(stretch + from, stretch + end), to);
      to += end - from;
    }
    channel.port.postMessage({ terms, numbers }, [numbers.buffer]);
  }

  /**
   * @param {Float32Array} numbers @param {number} stretch @param {import("./shares.js").Share} share
   * @param {boolean} add
   */
  unpack(numbers, stretch, { ranges }, add) {
    const { floats } = this.trainer.network.heap;
    let at = 0;
    for (const [from, end] of ranges) {
      const part = numbers.subarray(at, at + end - from),
        to = stretch + from;
      if (!add) floats.set(part, to);
      else for (let i = 0; i < part.length; i++) floats[to + i] += part[i];
      at += end - from;
    }
  }
}
