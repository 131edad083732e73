// Before the start: can this browser keep answers, and does the server answer?
export async function preflight(note) {
  note.hidden = false;
  const found = [];
  try {
    localStorage.setItem("elearn:test", "1");
    localStorage.removeItem("elearn:test");
    found.push("断网时答案可以暂存在本机");
  } catch (error) {
    found.push("这个浏览器不能暂存答案（可能是无痕模式），断网时请保持页面打开");
  }
  const start = performance.now();
  try {
    const response = await fetch(note.dataset.ping, { cache: "no-store" });
    const took = Math.round(performance.now() - start);
    if (!response.ok) throw new Error(String(response.status));
    found.push(took < 1500 ? `网络正常（${took} 毫秒）` : `网络较慢（${(took / 1000).toFixed(1)} 秒），请换个信号好的地方`);
  } catch (error) {
    found.push("现在连不上系统，请检查网络后再开始");
  }
  note.textContent = `设备检查：${found.join("；")}。`;
}
