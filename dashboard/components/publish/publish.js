/* Publishes one image of a sprite under a topic, as the drawing pad does. Data: `PublishData` in data.d.ts. */

import { formatOf } from "../../web/image.js";
import { publish } from "../../web/share.js";
import { loadSprite } from "../../web/sprites.js";

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").PublishData>} component */
export default function ({ data }) {
  loadSprite(data.sprite, formatOf(data.shape)).then(
    (sprite) => publish(data.topic, { image: sprite.image(data.index), info: { source: "test", index: data.index } }),
    () => {},
  ); // the components that need the image report the failure
}
