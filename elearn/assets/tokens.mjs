// The colours of every theme, and the pairs that must keep their contrast.
// The build writes css/tokens.css from this file after checking it, so that the values that were
// checked and the values that are shipped cannot drift apart.

export const themes = {
  light: {
    bg: '#F5F6F8', surface: '#FFFFFF', sunk: '#ECEFF3', line: '#D3D9E0', edge: '#737C89',
    ink: '#1A1D21', ink2: '#3F4650', ink3: '#59626E',
    primary: '#1B4F8F', primaryHover: '#143D70', primaryWeak: '#E7EFF9', onPrimary: '#FFFFFF',
    brand: '#9E1B1E', onBrand: '#FFFFFF',
    ok: '#17663A', okWeak: '#E6F3EB', bad: '#B3261E', badWeak: '#FBECEA',
    warn: '#855000', warnWeak: '#FFF3DC', focus: '#0B3A75', visited: '#5A3E85',
  },
  dark: {
    bg: '#111418', surface: '#1A1E24', sunk: '#242A33', line: '#3A424D', edge: '#8A94A3',
    ink: '#ECEFF3', ink2: '#C8CFD8', ink3: '#A7B0BD',
    primary: '#8CB9F5', primaryHover: '#AECDF8', primaryWeak: '#1B2E48', onPrimary: '#0B1B30',
    brand: '#8F1C1F', onBrand: '#FFFFFF',
    ok: '#7FD49C', okWeak: '#12301F', bad: '#FF9F96', badWeak: '#3B1815',
    warn: '#F2C063', warnWeak: '#33270C', focus: '#FFD34D', visited: '#C9B1F0',
  },
  contrast: {
    bg: '#FFFFFF', surface: '#FFFFFF', sunk: '#FFFFFF', line: '#000000', edge: '#000000',
    ink: '#000000', ink2: '#000000', ink3: '#2B2B2B',
    primary: '#003A8C', primaryHover: '#002560', primaryWeak: '#FFFFFF', onPrimary: '#FFFFFF',
    brand: '#7A0000', onBrand: '#FFFFFF',
    ok: '#00522B', okWeak: '#FFFFFF', bad: '#8B0000', badWeak: '#FFFFFF',
    warn: '#5E3700', warnWeak: '#FFFFFF', focus: '#000000', visited: '#4B2A7B',
  },
};

// [foreground, the backgrounds it is set on]
const textPairs = [
  ['ink', 'bg surface sunk primaryWeak okWeak badWeak warnWeak'],
  ['ink2', 'bg surface sunk'],
  ['ink3', 'bg surface sunk'],
  ['primary', 'bg surface sunk primaryWeak'],
  ['onPrimary', 'primary primaryHover'],
  ['onBrand', 'brand'],
  ['ok', 'surface okWeak'],
  ['bad', 'bg surface badWeak'],
  ['warn', 'surface warnWeak'],
  ['visited', 'surface'],
];
const controlPairs = [
  ['edge', 'bg surface sunk'],
  ['focus', 'bg surface sunk'],
  ['primary', 'surface sunk'],
  ['ok', 'bg'],
  ['bad', 'bg'],
  ['warn', 'bg'],
];

// Relative luminance and contrast ratio: WCAG 2.2, definitions of the same names.
function luminance(hex) {
  const [r, g, b] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function ratio(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

/** Every pair of every theme: {theme, kind, front, back, ratio, need, ok}. */
export function contrastResults() {
  const results = [];
  for (const [theme, colours] of Object.entries(themes)) {
    // Text: 1.4.3 (AA 4.5), in the high-contrast theme 1.4.6 (AAA 7). Controls: 1.4.11 (3).
    const kinds = [
      ['text', textPairs, theme === 'contrast' ? 7 : 4.5],
      ['control', controlPairs, 3],
    ];
    for (const [kind, pairs, need] of kinds) {
      for (const [front, backs] of pairs) {
        for (const back of backs.split(' ')) {
          const value = ratio(colours[front], colours[back]);
          results.push({ theme, kind, front, back, ratio: value, need, ok: value >= need });
        }
      }
    }
  }
  return results;
}

const property = (name) =>
  '--' + name.replace(/[A-Z]/g, (c) => '-' + c.toLowerCase()).replace(/\d/g, '-$&');

const block = (colours) =>
  Object.entries(colours)
    .map(([name, value]) => `${property(name)}: ${value};`)
    .join(' ');

/** The style sheet of the themes. Forced light on paper. */
export function tokensCss() {
  const { light, dark, contrast } = themes;
  return `/* Written by build.mjs from tokens.mjs: change that file. */
:root { color-scheme: light; ${block(light)} }
@media (prefers-color-scheme: dark) {
  :root:not([data-theme]) { color-scheme: dark; ${block(dark)} }
}
:root[data-theme="dark"] { color-scheme: dark; ${block(dark)} }
:root[data-theme="contrast"] { color-scheme: light; ${block(contrast)} }
@media print {
  :root, :root[data-theme] { color-scheme: light; ${block(light)} --bg: #fff; }
}
`;
}
