const PATIENCE_MS = 6000;

/** Does anybody answer? true: any answer, a refusal too; false: no; null: nobody knows yet.
    Asked before a page is left that cannot come back by itself. `navigator.onLine` knows too little:
    a phone in a lift, or behind a dead proxy, is "online". */
export async function reach() {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
  try {
    const { src } = document.querySelector("script[src]");
    await fetch(src, { method: "HEAD", cache: "no-store", credentials: "omit", signal: abort.signal });
    return true;
  } catch (error) {
    return abort.signal.aborted ? null : false;
  } finally {
    clearTimeout(timer);
  }
}
