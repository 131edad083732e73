// ChaCha20-Poly1305 (RFC 8439) for the journal and the answer file. Written out because it has to
// be synchronous (an answer is kept before the tap returns) and has to work on an intranet without
// https, where browsers hide crypto.subtle. The key comes with the page and never rests on the
// phone: docs/decisions/0007.
const words = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, at) => view.getUint32(4 * at, true));
};

function quarter(s, a, b, c, d) {
  const turn = (target, source, bits) => {
    const mixed = s[target] ^ s[source];
    s[target] = (mixed << bits) | (mixed >>> (32 - bits));
  };
  s[a] += s[b];
  turn(d, a, 16);
  s[c] += s[d];
  turn(b, c, 12);
  s[a] += s[b];
  turn(d, a, 8);
  s[c] += s[d];
  turn(b, c, 7);
}

function block(key, nonce, counter) {
  const start = new Uint32Array([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, ...words(key), counter, ...words(nonce)]);
  const s = start.slice();
  for (let round = 0; round < 10; round += 1) {
    for (let at = 0; at < 4; at += 1) quarter(s, at, at + 4, at + 8, at + 12);
    for (let at = 0; at < 4; at += 1) quarter(s, at, 4 + ((at + 1) % 4), 8 + ((at + 2) % 4), 12 + ((at + 3) % 4));
  }
  const view = new DataView(new ArrayBuffer(64));
  s.forEach((word, at) => view.setUint32(4 * at, word + start[at], true));
  return new Uint8Array(view.buffer);
}

function stream(key, nonce, bytes) {
  const out = new Uint8Array(bytes.length);
  for (let from = 0; from < bytes.length; from += 64) {
    const pad = block(key, nonce, 1 + from / 64);
    for (let at = from; at < Math.min(from + 64, bytes.length); at += 1) out[at] = bytes[at] ^ pad[at - from];
  }
  return out;
}

// Numbers of 130 bits as ten limbs of 13: every product and sum stays exact in a double.
const LIMB = 8192;
const limbs = (bytes) =>
  Array.from({ length: 10 }, (_, at) => {
    const from = (13 * at) >> 3;
    return (((bytes[from] | (bytes[from + 1] << 8) | (bytes[from + 2] << 16)) >>> ((13 * at) & 7)) & (LIMB - 1)) || 0;
  });
const carry = (h) => {
  for (let at = 0; at < 10; at += 1) {
    const over = Math.floor(h[at] / LIMB);
    h[at] -= over * LIMB;
    if (at < 9) h[at + 1] += over;
    else h[0] += 5 * over;
  }
};

/** Poly1305 of `message` with the one-time `key` of 32 bytes. */
export function tag(key, message) {
  const r = limbs(key.slice(0, 16).map((byte, at) => byte & (at % 4 === 3 ? 15 : at && at % 4 === 0 ? 252 : 255)));
  let h = new Array(10).fill(0);
  for (let from = 0; from < message.length; from += 16) {
    const part = message.subarray(from, from + 16);
    const n = new Uint8Array(18);
    n.set(part);
    n[part.length] = 1;
    const sum = limbs(n).map((limb, at) => limb + h[at]);
    h = r.map((_, at) => sum.reduce((total, limb, j) => total + limb * (j <= at ? r[at - j] : 5 * r[at + 10 - j]), 0));
    carry(h);
    carry(h);
  }
  carry(h);
  const less = h.slice(); // h - p, when h >= p = 2^130 - 5
  less[0] += 5;
  for (let at = 0; at < 9; at += 1) {
    less[at + 1] += Math.floor(less[at] / LIMB);
    less[at] %= LIMB;
  }
  if (less[9] >= LIMB) h = less;
  let over = 0;
  return new Uint8Array(16).map((_, at) => {
    const limb = Math.floor((8 * at) / 13);
    const bits = h[limb] + (h[limb + 1] || 0) * LIMB;
    over += (Math.floor(bits / 2 ** (8 * at - 13 * limb)) & 255) + key[16 + at];
    const byte = over & 255;
    over >>= 8;
    return byte;
  });
}

function mac(key, nonce, data, body) {
  const padded = (length) => Math.ceil(length / 16) * 16;
  const at = padded(data.length);
  const all = new Uint8Array(at + padded(body.length) + 16);
  all.set(data);
  all.set(body, at);
  const view = new DataView(all.buffer, all.length - 16);
  view.setUint32(0, data.length, true);
  view.setUint32(8, body.length, true);
  return tag(block(key, nonce, 0).subarray(0, 32), all);
}

const utf8 = (text) => new TextEncoder().encode(text);
function join(...parts) {
  const all = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const fromHex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));

/** base64(nonce, ciphertext, tag); `about` is authenticated and not hidden. */
export function seal(key, text, about, nonce = crypto.getRandomValues(new Uint8Array(12))) {
  const body = stream(key, nonce, utf8(text));
  const all = join(nonce, body, mac(key, nonce, utf8(about), body));
  return btoa(Array.from(all, (byte) => String.fromCharCode(byte)).join(""));
}

/** The text, or null when it was not sealed with this key about this. */
export function open(key, sealed, about) {
  const all = Uint8Array.from(atob(sealed), (letter) => letter.charCodeAt(0));
  const [nonce, body, found] = [all.slice(0, 12), all.slice(12, -16), all.slice(-16)];
  const right = mac(key, nonce, utf8(about), body);
  const same = found.length === 16 && found.reduce((differ, byte, at) => differ | (byte ^ right[at]), 0) === 0;
  return same ? new TextDecoder().decode(stream(key, nonce, body)) : null;
}
