// The journal: own answers the server has not acknowledged yet, written before anything is sent.
// localStorage first, because it is synchronous and survives where IndexedDB handles die; a mirror
// in IndexedDB second. One sealed record for each event under `elearn:exam:<person>:<attempt>:<id>`,
// so two tabs share the journal without overwriting each other. Positions and texts only: never a
// question, a key or a score.
import { fromHex, open, seal } from "./exam-cipher.js";
import { Mirror } from "./exam-mirror.js";

const PREFIX = "elearn:exam:";
const KEEP_MS = 30 * 86400e3;
const DEVICE = "elearn:device";

export const newId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const stored = () => {
  try {
    return Object.keys(localStorage).map((name) => [name, localStorage.getItem(name)]);
  } catch (error) {
    return [];
  }
};

export class Journal {
  constructor({ person, attempt, key }) {
    this.prefix = `${PREFIX}${person}:${attempt}:`;
    this.key = fromHex(key);
    this.mirror = new Mirror();
  }

  /** {id: record} of this person's attempt. */
  read() {
    return this.opened(stored());
  }

  /** What only the mirror still has, put back. */
  async restore() {
    const pairs = (await this.mirror.all()) || [];
    this.device = this.deviceId((pairs.find(([name]) => name === DEVICE) || [])[1]);
    const found = this.opened(pairs);
    const here = this.read();
    for (const id of Object.keys(found)) {
      if (id in here) delete found[id];
      else this.write(id, found[id]);
    }
    return found;
  }

  /** Which browser writes: kept as long as it keeps anything, else as long as the page. */
  deviceId(mirrored) {
    let id = mirrored || newId();
    try {
      id = localStorage.getItem(DEVICE) || id;
      localStorage.setItem(DEVICE, id);
    } catch (error) {
      // The mirror may have kept it.
    }
    if (id !== mirrored) this.mirror.put(DEVICE, id);
    return id;
  }

  /** False when the browser refuses to keep anything: the page then says so. */
  keep(id, record) {
    const [name, text] = this.write(id, record);
    this.mirror.put(name, text);
    return this.stays || this.mirror.works;
  }

  write(id, record) {
    const name = this.prefix + id;
    const text = `${Date.now()}.${seal(this.key, JSON.stringify(record), name)}`;
    try {
      localStorage.setItem(name, text);
      this.stays = true;
    } catch (error) {
      this.stays = false;
    }
    return [name, text];
  }

  drop(ids) {
    const names = ids.map((id) => this.prefix + id);
    try {
      names.forEach((name) => localStorage.removeItem(name));
    } catch (error) {
      // Nothing was kept then.
    }
    if (names.length) this.mirror.remove(names);
  }

  /** Tells what another tab of this browser did: (id, record) or (id, null) when it is delivered. */
  watch(tell) {
    addEventListener("storage", (event) => {
      if (!event.key || !event.key.startsWith(this.prefix)) return;
      const id = event.key.slice(this.prefix.length);
      const record = event.newValue && this.opened([[event.key, event.newValue]])[id];
      tell(id, record || null);
    });
  }

  opened(pairs) {
    const found = {};
    for (const [name, text] of pairs) {
      if (!name.startsWith(this.prefix)) continue;
      try {
        const plain = open(this.key, text.split(".")[1], name);
        if (plain) found[name.slice(this.prefix.length)] = JSON.parse(plain);
      } catch (error) {
        // Damaged: nobody can read it, `prune` takes it away one day.
      }
    }
    return found;
  }
}

/** Leftovers of attempts long over, whoever they belong to. */
export async function prune() {
  const mirror = new Mirror();
  const old = ([name, text]) => name.startsWith(PREFIX) && !(Date.now() - parseInt(text, 10) < KEEP_MS);
  stored().filter(old).forEach(([name]) => localStorage.removeItem(name));
  const gone = ((await mirror.all()) || []).filter(old).map(([name]) => name);
  if (gone.length) mirror.remove(gone);
}
