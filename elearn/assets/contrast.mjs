// Contrast of the design tokens, in full:  node elearn/assets/contrast.mjs
import { contrastResults } from './tokens.mjs';

const results = contrastResults();
for (const r of results) {
  const verdict = r.ok ? 'ok  ' : 'FAIL';
  const pair = `${r.theme} ${r.kind} ${r.front} on ${r.back}`;
  if (!r.ok || process.argv.includes('--all')) {
    console.log(`${verdict} ${pair} = ${r.ratio.toFixed(2)} (need ${r.need})`);
  }
}
const failed = results.filter((r) => !r.ok).length;
console.log(`contrast: ${results.length} pairs, ${failed} too weak`);
process.exit(failed ? 1 : 0);
