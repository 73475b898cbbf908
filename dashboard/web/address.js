/* The page's address for others, from its address in this browser. The same rules as in dashboard/session/addresses.py.
 */

const COMMUNITY_CLOUD = /\/~\/\+\/(?=[^/]*$)/;
const HOSTS = /^(embed|embed_options|__.*)$/;

/** The address of the page as it is, without what belongs to the host that shows it in a frame. */
export function publicAddress() {
  const address = new URL(location.href);
  address.pathname = address.pathname.replace(COMMUNITY_CLOUD, "/");
  for (const name of new Set(address.searchParams.keys())) if (HOSTS.test(name)) address.searchParams.delete(name);
  return address.href;
}

/** The root of the app, ending with "/". */
export const publicRoot = () => new URL(".", publicAddress().split(/[?#]/, 1)[0]).href;
