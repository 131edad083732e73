// The journal: own answers the server has not acknowledged yet, written before anything is sent.
// localStorage, because it is synchronous and survives where IndexedDB handles die. Kept per person
// and attempt; it holds positions and texts, never a question or a key.
const PREFIX = "elearn:exam:";
const KEEP_MS = 3 * 86400e3;

export const keyOf = ({ person, attempt }) => `${PREFIX}${person}:${attempt}`;

export function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) || null;
  } catch (error) {
    return null;
  }
}

/** False when the browser refuses to keep anything: the page then says so. */
export function write(key, entries, flags) {
  try {
    if (entries.length || flags) localStorage.setItem(key, JSON.stringify({ entries, flags, at: Date.now() }));
    else localStorage.removeItem(key);
    return true;
  } catch (error) {
    return false;
  }
}

/** The server has closed this attempt and said so. */
export function forget(of) {
  try {
    localStorage.removeItem(keyOf(of));
  } catch (error) {
    // Nothing was kept then.
  }
}

/** Leftovers of attempts long over. */
export function prune() {
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(PREFIX)) continue;
      const kept = read(key);
      if (!kept || !(Date.now() - kept.at < KEEP_MS)) localStorage.removeItem(key);
    }
  } catch (error) {
    // A browser without storage has no leftovers.
  }
}
