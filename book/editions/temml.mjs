// Sets formulas as MathML. Reads [{tex, display}], writes [{mathml} or {error}] in the same order.
// Called as: node temml.mjs PATH_OF_temml.mjs_IN_ITS_PACKAGE
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { default: temml } = await import(pathToFileURL(process.argv[2]));

// A formula within a line may break after a relation; an annotation would forbid it.
function set({ tex, display }) {
  try {
    return {
      mathml: temml.renderToString(tex, {
        displayMode: display,
        throwOnError: true,
        wrap: "tex",
        xml: true,
      }),
    };
  } catch (error) {
    return { error: error.message };
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map((formula) => set(formula))));
