// Bundles the sources beside this file into elearn/static/build/, under names that hold the hash
// of their content, with a manifest.json that maps the plain name to the hashed one.
//
//   node elearn/assets/build.mjs           build, and stop on anything a phone would pay for
//   node elearn/assets/build.mjs --check   the same checks, the bundles are not written
//
// Checked on every build: contrast of the tokens, syntax of the scripts (ES2018: one newer token
// and an old DingTalk or UC engine drops the whole file), no address of another host in a style
// sheet, and the byte budgets of the page classes.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import * as acorn from 'acorn';
import esbuild from 'esbuild';

import { contrastResults, tokensCss } from './tokens.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const output = path.join(here, '..', 'static', 'build');
const checkOnly = process.argv.includes('--check');

const entries = [
  'account.js', 'app.css', 'app.js', 'drafts.js', 'exam.js', 'lobby.js', 'offline.js', 'paper.css', 'reader.js',
  'staff.js', 'worker.js', 'worker-off.js',
];

// What a page of each class loads together, and how many KB of it may travel (gzip).
const budgets = [
  { page: 'every page', files: ['app.css'], kb: 12 },
  { page: 'every page', files: ['app.js'], kb: 4 },
  { page: 'account', files: ['account.js', 'app.js'], kb: 4 },
  { page: 'lesson', files: ['app.js', 'drafts.js', 'reader.js'], kb: 8 },
  // ux.md 4.1 plans 12. Two more are the cipher, the second copy and the answer file: they must
  // be on the phone before the network goes, so they cannot be loaded when they are needed.
  // A third: asking whether anybody answers before the paper is left.
  { page: 'exam', files: ['app.js', 'exam.js'], kb: 15 },
  // What the exam needs is fetched here, while the candidate waits; the page itself adds two.
  { page: 'lobby', files: ['app.js', 'drafts.js', 'exam.js', 'lobby.js'], kb: 17 },
  { page: 'offline', files: ['offline.js'], kb: 1 },
  { page: 'every page, after it was read', files: ['worker.js'], kb: 1 },
  { page: 'staff', files: ['staff.js'], kb: 60 },
];

const problems = [];
const relative = (file) => path.relative(process.cwd(), file) || '.';

function writeTokens() {
  for (const r of contrastResults().filter((x) => !x.ok)) {
    problems.push(
      `tokens.mjs: ${r.theme}: ${r.front} on ${r.back} has contrast ${r.ratio.toFixed(2)}, ` +
        `needs ${r.need}`,
    );
  }
  const file = path.join(here, 'css', 'tokens.css');
  const old = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  if (old !== tokensCss()) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, tokensCss());
  }
}

const sourceOf = (entry) => path.join(here, path.extname(entry).slice(1), entry);

const options = {
  bundle: true,
  minify: true,
  write: false,
  charset: 'utf8',
  legalComments: 'eof',
  logLevel: 'silent',
  outdir: output,
  entryNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  metafile: true,
  loader: { '.svg': 'file', '.png': 'file', '.webp': 'file' },
};
// Module scripts are the cut: an engine that does not know them gets the page without scripts.
const perKind = {
  '.js': { format: 'esm', target: 'es2018' },
  '.css': { target: ['chrome80', 'safari13.1'] },
};

async function bundle(entry) {
  const source = sourceOf(entry);
  const result = await esbuild
    .build({ ...options, ...perKind[path.extname(entry)], entryPoints: [source] })
    .catch((failure) => failure);
  const messages = [...(result.errors ?? []), ...(result.warnings ?? [])];
  for (const text of await esbuild.formatMessages(messages, { kind: 'error' })) {
    problems.push(text.trim());
  }
  if (!result.outputFiles) return [];
  const main = Object.entries(result.metafile.outputs).find(([, o]) => o.entryPoint);
  const mainName = path.basename(main[0]);
  return result.outputFiles.map((file) => {
    const hashed = path.basename(file.path);
    return { plain: hashed === mainName ? entry : null, hashed, contents: file.contents };
  });
}

/** Pictures that pages name themselves (icons): copied under a hashed name. */
function pictures() {
  const folder = path.join(here, 'img');
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { withFileTypes: true }).filter((e) => e.isFile()).map((e) => {
    const contents = fs.readFileSync(path.join(folder, e.name));
    const hash = createHash('sha256').update(contents).digest('hex').slice(0, 8);
    const { name, ext } = path.parse(e.name);
    return { plain: e.name, hashed: `${name}-${hash}${ext}`, contents };
  });
}

function checkFile({ plain, contents }) {
  const text = Buffer.from(contents).toString('utf8');
  if (plain?.endsWith('.js')) {
    try {
      acorn.parse(text, { ecmaVersion: 2018, sourceType: 'module' });
    } catch (error) {
      problems.push(`${plain}: newer syntax than ES2018: ${error.message}`);
    }
  }
  const foreign = plain?.endsWith('.css') && /(?:url\(|@import)\s*["']?(?:https?:)?\/\/[^)"']*/.exec(text);
  if (foreign) problems.push(`${plain}: points at another host: ${foreign[0]}`);
}

function checkBudgets(sizes) {
  for (const { page, files, kb } of budgets) {
    const present = files.filter((name) => name in sizes);
    const total = present.reduce((sum, name) => sum + sizes[name], 0) / 1024;
    if (total > kb) {
      problems.push(`${present.join(' + ')} is ${total.toFixed(1)} KB, ${page} may have ${kb} KB`);
    }
  }
}

/** New files first, the manifest last and at once: a server started meanwhile finds either. */
function write(files) {
  fs.mkdirSync(output, { recursive: true });
  for (const file of files) fs.writeFileSync(path.join(output, file.hashed), file.contents);
  const named = files.filter((f) => f.plain).map((f) => [f.plain, f.hashed]);
  const manifest = JSON.stringify(Object.fromEntries(named.sort()), null, 2) + '\n';
  const target = path.join(output, 'manifest.json');
  fs.writeFileSync(target + '.new', manifest);
  fs.renameSync(target + '.new', target);
  const keep = new Set(['manifest.json', ...files.map((f) => f.hashed)]);
  for (const name of fs.readdirSync(output)) {
    if (!keep.has(name)) fs.rmSync(path.join(output, name), { recursive: true });
  }
}

writeTokens();
const present = entries.filter((entry) => fs.existsSync(sourceOf(entry)));
const files = [...(await Promise.all(present.map(bundle))).flat(), ...pictures()];
const sizes = {};
for (const file of files) {
  checkFile(file);
  if (file.plain) sizes[file.plain] = gzipSync(file.contents).length;
}
checkBudgets(sizes);

if (problems.length) {
  console.error(problems.map((p) => `front end: ${p}`).join('\n'));
  process.exit(1);
}
if (!checkOnly) write(files);
const shown = Object.entries(sizes).map(([name, size]) => `${name} ${(size / 1024).toFixed(1)} KB`);
const where = checkOnly ? 'checked' : relative(output);
console.log(`front end: ${where}: ${shown.join(', ') || 'no entry points yet'}`);
const absent = entries.filter((entry) => !present.includes(entry));
if (absent.length) console.log(`front end: no sources yet for ${absent.join(', ')}`);
