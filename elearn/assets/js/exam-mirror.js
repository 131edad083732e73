// The second copy of the journal, in IndexedDB, for the day somebody or something empties
// localStorage. Never waited for while answering: on iOS its connections die in the background,
// so a handle that failed once is thrown away and the database opened again.
const NAME = "elearn";
const STORE = "journal";
const PATIENCE_MS = 2000;

const asked = (request) =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = request.onblocked = () => failed(request.error);
    setTimeout(failed, PATIENCE_MS, new Error("no answer"));
  });

export class Mirror {
  constructor() {
    this.works = false;
    this.chain = Promise.resolve();
  }

  async open() {
    if (!this.handle) {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      this.handle = await asked(request);
      this.handle.onclose = this.handle.onversionchange = () => this.close();
    }
    return this.handle;
  }

  close() {
    try {
      if (this.handle) this.handle.close();
    } catch (error) {
      // It was dead already.
    }
    this.handle = null;
  }

  /** One after the other, in the order asked; undefined when the browser will not. */
  do(work, mode = "readwrite") {
    const once = async () => work((await this.open()).transaction(STORE, mode).objectStore(STORE));
    this.chain = this.chain
      .then(once)
      .catch(() => {
        this.close();
        return once();
      })
      .then(
        (result) => {
          this.works = true;
          return result;
        },
        () => {
          this.works = false;
          this.close();
        },
      );
    return this.chain;
  }

  put(name, text) {
    return this.do((store) => asked(store.put(text, name)));
  }

  remove(names) {
    return this.do((store) => Promise.all(names.map((name) => asked(store.delete(name)))));
  }

  /** [[name, text]] of everything kept. */
  all() {
    return this.do(async (store) => {
      const [names, texts] = await Promise.all([asked(store.getAllKeys()), asked(store.getAll())]);
      return names.map((name, at) => [name, texts[at]]);
    }, "readonly");
  }
}
