/* Tells the server where the app is, if it expects it elsewhere: see dashboard/session/addresses.py. Once per page load
   at most, so that a server that does not accept the answer is not asked again and again. Data: { root }. */

import { publicRoot } from "../../web/address.js";

const page = /** @type {{pointOrCloudAddress?: string}} */ (globalThis);

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").ReportAddressData>} component */
export default function ({ data, setTriggerValue }) {
  const root = publicRoot();
  if (root === data.root || page.pointOrCloudAddress === root) return;
  page.pointOrCloudAddress = root;
  setTriggerValue("root", root);
}
