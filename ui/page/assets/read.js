// Reads an export that somebody chose, a CSV file or a ZIP archive of such, and hands it on in pieces of whole lines, each
// with the first line of its file. A file is read as far as it may go and no further; an archive only where it is asked.
const page = (window.reconteur ??= {});
const PIECE = 100_000;
const MOST = 6_000_000; // characters in all
const WANTED = /(^|\/)(ratings|watched|watchlist|likes\/films)\.csv$/i;
const END = 0x06054b50;
const ENTRY = 0x02014b50;

async function view(file, from, to) {
  return new DataView(await file.slice(from, to).arrayBuffer());
}

async function* archived(file) {
  const tail = await view(file, Math.max(0, file.size - 65_557), file.size);
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1;
  if (end < 0) return;
  const from = tail.getUint32(end + 16, true);
  const list = await view(file, from, from + Math.min(tail.getUint32(end + 12, true), 1_000_000));
  for (let at = 0; at + 46 <= list.byteLength && list.getUint32(at, true) === ENTRY;) {
    const [length, extra, comment] = [28, 30, 32].map((place) => list.getUint16(at + place, true));
    const name = new TextDecoder().decode(list.buffer.slice(at + 46, at + 46 + length));
    const [packed, local] = [list.getUint32(at + 20, true), list.getUint32(at + 42, true)];
    if (WANTED.test(name)) {
      const head = await view(file, local, local + 30);
      const start = local + 30 + head.getUint16(26, true) + head.getUint16(28, true);
      const bytes = file.slice(start, start + packed).stream();
      yield [name, list.getUint16(at + 10, true) ? bytes.pipeThrough(new DecompressionStream("deflate-raw")) : bytes];
    }
    at += 46 + length + extra + comment;
  }
}

async function pieces(file) {
  const files = /\.zip$/i.test(file.name) ? archived(file) : [[file.name, file.stream()]];
  const found = [];
  let left = MOST;
  for await (const [name, bytes] of files) {
    let head = null;
    let text = "";
    const hand = (upTo) => {
      const lines = text.slice(0, upTo);
      text = text.slice(upTo);
      if (head === null) return;
      if (lines.trim()) found.push({ name, head, text: lines });
    };
    const reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done && left > 0; part = await reader.read()) {
      text += part.value;
      left -= part.value.length;
      if (head === null && text.includes("\n")) {
        head = text.slice(0, text.indexOf("\n"));
        text = text.slice(head.length + 1);
      }
      while (text.length > PIECE && text.lastIndexOf("\n", PIECE) > 0) hand(text.lastIndexOf("\n", PIECE) + 1);
      if (text.length > 2 * PIECE) break; // no lines: this is no table
    }
    reader.cancel().catch(() => {});
    if (text.length <= 2 * PIECE) hand(text.length);
  }
  return found;
}

page.read = async (file, act) => {
  const found = await pieces(file).catch(() => []);
  if (!found.length) return act({ do: "import", number: 0, of: 1, name: "", head: "", text: "" });
  found.forEach((piece, number) => act({ do: "import", number, of: found.length, ...piece }));
};
