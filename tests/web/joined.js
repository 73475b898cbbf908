/* The browser code as Python joins it, with every top-level name exported. */

import { readFileSync } from "node:fs";

const FOLDER = new URL("../../dashboard/components/", import.meta.url);

function texts(name, found = new Map()) {
  if (found.has(name)) return found;
  const text = readFileSync(new URL(name, FOLDER), "utf8");
  for (const [, needed] of text.matchAll(/^\/\/ needs (\S+)$/gm)) texts(needed, found);
  return found.set(name, text);
}

export async function joined(...names) {
  const found = new Map();
  for (const name of names) texts(name, found);
  const code = [...found.values()]
    .join("\n")
    .replace(/^export default function/gm, "function mountComponent")
    .replace(/^export /gm, "");
  const top = new Set(
    [...code.matchAll(/^(?:async )?(?:const|let|class|function)\*? (\w+)/gm)].map(([, name]) => name),
  );
  return import(`data:text/javascript,${encodeURIComponent(`${code}\nexport { ${[...top].join(", ")} };`)}`);
}
