/* The browser code as modules that the type checker can follow, in build/web.

   The files are joined into one script before they run, so each uses names of others without importing them. Here every
   top-level name is exported, and what a file uses of those it needs is imported. Lines keep their numbers. */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const SOURCE = new URL("../../dashboard/components/", import.meta.url);
const TARGET = new URL("../../build/web/", import.meta.url);
const TOP = /^(?:export )?((?:async )?(?:const|let|class|function)\*? (\w+))/gm;

const files = readdirSync(SOURCE).filter((name) => name.endsWith(".js"));
const texts = new Map(files.map((name) => [name, readFileSync(new URL(name, SOURCE), "utf8")]));
const names = new Map([...texts].map(([name, text]) => [name, [...text.matchAll(TOP)].map(([, , top]) => top)]));
const direct = (name) => [...texts.get(name).matchAll(/^\/\/ needs (\S+)$/gm)].map(([, needed]) => needed);

/** All files that a file needs, those of its needs included. */
function needed(name, found = new Set()) {
  for (const other of direct(name))
    if (!found.has(other)) {
      found.add(other);
      needed(other, found);
    }
  return found;
}

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
for (const [name, text] of texts) {
  const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
  const used = (top) => !names.get(name).includes(top) && new RegExp(`(?<![.\\w])${top}\\b`).test(code);
  const imports = [...needed(name)].map((other) => [other, names.get(other).filter(used)]);
  const lines = imports
    .filter(([, tops]) => tops.length)
    .map(([other, tops]) => `import { ${tops.join(", ")} } from "./${other}";`);
  const exported = text.replace(TOP, (whole, top) =>
    top.startsWith("function mount") || whole.startsWith("export default") ? whole : `export ${top}`,
  );
  writeFileSync(new URL(name, TARGET), `${lines.join(" ")}${exported}`);
}
copyFileSync(new URL("data.d.ts", SOURCE), new URL("data.d.ts", TARGET));
