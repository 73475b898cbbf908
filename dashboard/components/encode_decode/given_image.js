/* Which image the page puts on the pad: an upload, a test image, or what was there when the page was left.

   An image that was chosen here is reported to the page and comes back as its `start` one rerun later, when another may
   have been chosen already: it is not taken again. */

/** @import { EncodeDecodeData, ImageInfo, SharedImage } from "../../web/data.js" */
/** @typedef {Pick<EncodeDecodeData, "upload" | "start" | "sprite" | "topic">} Wanted */
/** @typedef {SharedImage & {start: number | undefined, sprite: string}} Kept what was on the pad, and for which data */
/** @typedef {{image: Float32Array | null, info: ImageInfo}} Given `image`: null for the test image of that index */

export class GivenImage {
  /** Address of the sprite whose image is on the pad. */
  sprite = "";
  /** @type {number | undefined} the test image that the page asked for last, or that was chosen here */
  started;
  /** @type {Set<number>} test images chosen here */
  own = new Set();
  /** @type {string | undefined} id of the last upload */
  uploaded;

  /** @param {Map<string, Kept>} kept by topic, for when the page is opened again */
  constructor(kept) {
    this.kept = kept;
  }

  /**
   * The image that the page asks for; null if it is the one that is there.
   * @param {Wanted} wanted @param {boolean} first whether the page has just been opened
   * @returns {Given | null}
   */
  next({ upload, start, sprite, topic }, first) {
    const given = this.taken(upload) ?? this.asked(start, sprite, first ? this.kept.get(topic) : undefined);
    if (!this.own.has(start)) this.started = start;
    this.sprite = sprite;
    return given;
  }

  /** A new upload. @param {Wanted["upload"]} upload @returns {Given | null} */
  taken(upload) {
    if (!upload || upload.id === this.uploaded) return null;
    this.uploaded = upload.id;
    const image = Float32Array.from(upload.pixels, (v) => v / 255);
    return { image, info: { source: "upload", name: upload.name } };
  }

  /**
   * Another test image, or among other images the one of this index.
   * @param {number} start @param {string} sprite @param {Kept | undefined} kept @returns {Given | null}
   */
  asked(start, sprite, kept) {
    if ((start === this.started || this.own.has(start)) && this.sprite === sprite) return null;
    if (kept && kept.start === start && kept.sprite === sprite) return kept;
    return { image: null, info: { source: "test", index: start } };
  }

  /** A person has chosen a test image here. @param {number} i */
  choose(i) {
    this.started = i;
    this.own.add(i);
  }

  /** Keeps what is on the pad. @param {string} topic @param {Float32Array} image @param {ImageInfo} info */
  keep(topic, image, info) {
    this.kept.set(topic, { image, info, start: this.started, sprite: this.sprite });
  }
}
