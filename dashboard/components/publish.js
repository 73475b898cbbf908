/* Publishes one image of a sprite under a topic, as the drawing pad does. Data: see publish.py. */
// needs canvas.js
// needs share.js

/** @param {import("./data.js").Mount<import("./data.js").PublishData>} component */
export default function ({ data }) {
  loadSprite(data.sprite).then(
    (sprite) => publish(data.topic, { image: sprite.image(data.index), info: { source: "test", index: data.index } }),
    () => {},
  ); // whoever needs the image says so itself
}
