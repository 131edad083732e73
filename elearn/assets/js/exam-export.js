// The last resort: what this phone could not deliver, as a sealed file an examiner can import. Only
// the server can open it, and only as part of this attempt.
import { fromHex, seal } from "./exam-cipher.js";

const FORMAT = "elearn-answers-1";
const byId = (id) => document.getElementById(id);

/** The file: one line of JSON. `data` is sealed with the attempt's key, bound to format and attempt. */
export function answerFile(of, device, entries) {
  const events = entries.map(({ event_id, item, part, value, base, made_ms, n }) => ({ event_id, item, part, value, base, made_ms, n }));
  const data = seal(fromHex(of.key), JSON.stringify({ device, events }), `${FORMAT}:${of.attempt}`);
  return JSON.stringify({ format: FORMAT, attempt: of.attempt, data });
}

/** The dialog behind 导出答案文件: download, share, or copy, whatever this browser can. */
export function offerExport(of, queue) {
  const dialog = byId("export");
  const text = byId("export-text");
  const name = `答案文件-${of.attempt.slice(0, 8)}.txt`;
  let address = "";
  const file = () => new File([text.value], name, { type: "text/plain" });

  byId("open-export").onclick = () => {
    text.value = answerFile(of, queue.device, [...queue.pending.values()]);
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([text.value], { type: "text/plain" }));
    Object.assign(byId("export-save"), { href: address, download: name });
    byId("export-share").hidden = !(navigator.canShare && navigator.canShare({ files: [file()] }));
    byId("export-said").textContent = "";
    if (dialog.showModal) dialog.showModal();
    else dialog.setAttribute("open", "");
  };
  byId("export-share").onclick = () => navigator.share({ files: [file()], title: name }).catch(() => {});
  byId("export-copy").onclick = async () => {
    text.focus();
    text.select();
    let copied = false;
    try {
      copied = document.execCommand("copy");
      if (!copied) await navigator.clipboard.writeText(text.value);
      copied = true;
    } catch (error) {
      // Then by hand: it is selected.
    }
    byId("export-said").textContent = copied ? "已复制，请发给监考或考务人员。" : "请长按选中的文字复制，发给监考或考务人员。";
  };
  byId("export-shut").onclick = () => (dialog.close ? dialog.close() : dialog.removeAttribute("open"));
}
